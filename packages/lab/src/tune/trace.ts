import { type Addr, Arena, type ArenaOptions, NIL } from '@memtable/arena';
import { BadInput } from '../sources/source.js';

/** The requests of several arenas in order. `tune` replays them. */
export interface Trace {
  readonly name: string;
  /** The requests of each arena. */
  readonly arenas: readonly TraceArena[];
}

export interface TraceArena {
  readonly bytes: Int32Array;
  /** 1 for an unaligned request. */
  readonly alignments: Int32Array;
}

/** An arena that records its requests. */
export class RecordingArena extends Arena {
  readonly requests: { bytes: number; alignment: number }[] = [];

  constructor(options: ArenaOptions) {
    super(options);
  }

  override allocate(bytes: number): Addr {
    return this.#record(super.allocate(bytes), bytes, 1);
  }

  override allocateAligned(bytes: number, alignment: number = 8): Addr {
    return this.#record(super.allocateAligned(bytes, alignment), bytes, alignment);
  }

  #record(address: Addr, bytes: number, alignment: number): Addr {
    if (address !== NIL) this.requests.push({ bytes, alignment });
    return address;
  }
}

export function traceArenaOf(requests: readonly { bytes: number; alignment: number }[]): TraceArena {
  return {
    bytes: Int32Array.from(requests, ({ bytes }) => bytes),
    alignments: Int32Array.from(requests, ({ alignment }) => alignment),
  };
}

/** Formats an arena: a line `bytes` or `bytes alignment` for each request, then a line `drop`. */
export function* linesOf(arena: TraceArena): Generator<string> {
  for (let i = 0; i < arena.bytes.length; i++) {
    yield arena.alignments[i] === 1 ? `${arena.bytes[i]}\n` : `${arena.bytes[i]} ${arena.alignments[i]}\n`;
  }
  yield 'drop\n';
}

/** Parses a trace. @throws BadInput for an invalid line, and for a trace without requests */
export function parseTrace(name: string, text: string): Trace {
  const arenas: TraceArena[] = [];
  let requests: { bytes: number; alignment: number }[] = [];
  const end = (): void => {
    if (requests.length > 0) arenas.push(traceArenaOf(requests));
    requests = [];
  };
  text.split('\n').forEach((line, i) => {
    if (line === 'drop') end();
    else if (line !== '') {
      const [bytes, alignment = 1] = line.split(' ').map(Number);
      const power = alignment >= 1 && alignment <= 4096 && (alignment & (alignment - 1)) === 0;
      if (!/^\d+( \d+)?$/.test(line) || bytes < 1 || bytes > 2 ** 30 || !power) {
        throw new BadInput(`${name}:${i + 1}`, `not an arena request: ${line.slice(0, 40)}`);
      }
      requests.push({ bytes, alignment });
    }
  });
  end();
  if (arenas.length === 0) throw new BadInput(name, 'holds no requests');
  return { name, arenas };
}
