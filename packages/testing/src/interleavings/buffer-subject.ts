import { type Entry, ValueType, type WriteBuffer, type WriteBufferHarness, type WriteOperation } from '../contract.js';
import { TestingError } from '../errors.js';
import { mismatch, same } from '../expect.js';
import type { ScriptedTarget } from '../faults.js';
import { code } from '../notation.js';
import { KEYS } from './program.js';
import type { InterleavingSubject, Step } from './run.js';
import { writeOf } from './step.js';

const utf8 = new TextEncoder();

/** What was last written to a key, and as which write of all. */
interface Version {
  readonly operation: WriteOperation;
  readonly sequence: number;
}

/**
 * A write buffer. At every moment buffer and target together have what was last written. When it has been flushed
 * everything is with the target.
 */
export class BufferSubject implements InterleavingSubject {
  readonly lastAction = 'end';
  isClosed = false;
  #sequence = 0;
  readonly #newest = new Map<string, Version>();
  readonly #harness: WriteBufferHarness;
  readonly #target: ScriptedTarget;
  readonly #buffer: WriteBuffer;

  constructor(harness: WriteBufferHarness, target: ScriptedTarget) {
    this.#harness = harness;
    this.#target = target;
    this.#buffer = harness.factory({ target });
  }

  async act(step: Step): Promise<void> {
    if (this.isClosed) return;
    const { verb, id, signal } = step;
    try {
      if (verb === 'write' || verb === 'admit') await this.#write(step);
      if (verb === 'flush' || verb === 'end') await this.#flush(step);
      if (verb === 'close' || verb === 'end') this.#discard();
    } catch (error) {
      if (error instanceof TestingError) throw error;
      if (this.isClosed || signal.aborted) return;
      mismatch(`${verb} ${id} was refused for no reason: ${String(error)}`);
    }
  }

  check(): void {
    if (this.isClosed) return;
    for (const name of KEYS) {
      const key = utf8.encode(name);
      const expected = this.#newest.get(name)?.operation;
      const found = this.#harness.supports.get(this.#buffer, key) ?? this.#flushed(name);
      const isSame =
        valueOf(expected) === undefined ? valueOf(found) === undefined : same(valueOf(found), valueOf(expected));
      if (!isSame) mismatch(`${name} should be ${code(expected)}, buffer and target say ${code(found)}`);
    }
  }

  /** Writes, after it has been admitted whenever there is no room. */
  async #write({ verb, words, id, signal, settled }: Step): Promise<void> {
    const { supports } = this.#harness;
    const operations = words.map((word, i) => writeOf(word, Uint8Array.of(id, i), supports.longValueBytes));
    const bytes = operations.reduce(
      (sum, operation) => sum + operation.key.length + (valueOf(operation)?.length ?? 0),
      0,
    );
    for (let isAdmitted = verb === 'write'; ; isAdmitted = false) {
      if (!isAdmitted) await supports.admit(this.#buffer, bytes, { signal });
      if (operations.length === 0) return settled();
      try {
        supports.write(this.#buffer, operations);
        break;
      } catch (error) {
        if (!supports.isFull(error)) throw error;
      }
    }
    for (const operation of operations) {
      this.#newest.set(String.fromCharCode(operation.key[0]), { operation, sequence: ++this.#sequence });
    }
    settled();
  }

  async #flush({ signal, settled }: Step): Promise<void> {
    const before = [...this.#newest];
    await this.#buffer.flush({ signal });
    settled();
    for (const [name, { sequence, operation }] of before) {
      if (Number(this.#flushed(name)?.sequence ?? 0) >= sequence) continue;
      mismatch(`flush() has resolved, but ${code(operation)} is not with the target`);
    }
  }

  #discard(): void {
    this.isClosed = true;
    this.#harness.supports.discard(this.#buffer);
  }

  /** The newest version that the target has. */
  #flushed(name: string): Entry | undefined {
    const versions = this.#target.accepted.filter(({ key }) => same(key, utf8.encode(name)));
    return versions.reduce<Entry | undefined>(
      (a, b) => (a !== undefined && a.sequence > b.sequence ? a : b),
      undefined,
    );
  }
}

/** Undefined for a deletion. */
function valueOf(
  version: { readonly type: ValueType; readonly value?: Uint8Array } | undefined,
): Uint8Array | undefined {
  return version?.type === ValueType.Value ? version.value : undefined;
}
