import { setTimer, type Timer } from '@memtable/memtable/internal';
import type { Pin } from './pins.js';

/** Warns once of each snapshot or iterator that stays open for too long. Its timer runs while there are open ones. */
export class PinWatch {
  readonly #afterMs: number;
  readonly #pins: () => readonly { pin: Pin; heldBytes: number }[];
  #timer: Timer | undefined;

  /** @param afterMs - age in milliseconds from which a pin counts as forgotten; 0 for never */
  constructor(afterMs: number, pins: () => readonly { pin: Pin; heldBytes: number }[]) {
    this.#afterMs = afterMs;
    this.#pins = pins;
  }

  /** A pin was made. */
  start(): void {
    if (this.#afterMs > 0) this.#timer ??= setTimer(false, this.#afterMs, () => this.#look());
  }

  /** Ends the timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    const pins = this.#pins();
    for (const { pin, heldBytes } of pins) {
      const ageMs = now - pin.since;
      if (pin.warned || ageMs < this.#afterMs) continue;
      pin.warned = true;
      warn(
        `${pin.kind === 'iterator' ? 'An' : 'A'} ${pin.kind} of a MemStore has been open for ${Math.round(ageMs / 1000)} s and holds ` +
          `${heldBytes} bytes of old entries. Was it forgotten?`,
        pin.stack,
      );
    }
    if (pins.some(({ pin }) => !pin.warned)) this.start();
  }
}

interface Process {
  emitWarning?: (message: string, options: { code: string; detail?: string | undefined }) => void;
}

function warn(message: string, detail: string | undefined): void {
  const { process } = globalThis as { process?: Process };
  if (process?.emitWarning !== undefined) process.emitWarning(message, { code: 'MEMTABLE_PINNED', detail });
  else console.warn(message, detail);
}
