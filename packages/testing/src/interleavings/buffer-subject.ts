import { type Entry, ValueType, type WriteBuffer, type WriteBufferHarness, type WriteOperation } from '../contract.js';
import { TestingError } from '../errors.js';
import { mismatch, same } from '../expect.js';
import type { ScriptedTarget } from '../faults.js';
import { code } from '../notation.js';
import { KEYS } from './program.js';
import type { InterleavingSubject, Step } from './run.js';
import { writeOf } from './step.js';

const utf8 = new TextEncoder();

/** The last write to a key, and its sequence. */
interface Version {
  readonly operation: WriteOperation;
  readonly sequence: number;
}

/**
 * A write buffer under test. At every moment buffer and target together have the last write to each key. After
 * `flush()` the target has everything written before.
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
      mismatch(`${verb} ${id} was refused without a reason: ${String(error)}`);
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
      if (!isSame) mismatch(`${name} should be ${code(expected)}, but buffer and target have ${code(found)}`);
    }
  }

  /** Writes. Waits for an admission first if the step asks for one, and after each refusal for want of room. */
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
      mismatch(`flush() resolved, but the target does not have ${code(operation)}`);
    }
  }

  #discard(): void {
    this.isClosed = true;
    this.#harness.supports.discard(this.#buffer);
  }

  /** The newest version in the target. */
  #flushed(name: string): Entry | undefined {
    const versions = this.#target.accepted.filter(({ key }) => same(key, utf8.encode(name)));
    return versions.reduce<Entry | undefined>(
      (a, b) => (a !== undefined && a.sequence > b.sequence ? a : b),
      undefined,
    );
  }
}

/** The value of a version; undefined for a deletion, and for no version. */
function valueOf(
  version: { readonly type: ValueType; readonly value?: Uint8Array } | undefined,
): Uint8Array | undefined {
  return version?.type === ValueType.Value ? version.value : undefined;
}
