import type { StoreOperation } from '../contract.js';

/**
 * All writes that were made to a store, with the content after each. A store that has lost nothing but the last writes
 * has one of these contents.
 */
export class History {
  /** Contents in a form that can be compared, by the number of writes. */
  readonly #contents: string[] = [''];
  readonly #current = new Map<string, string>();
  /** Writes that are known to survive the end of the process. */
  made = 0;
  /** Writes that are known to survive a power cut. */
  durable = 0;

  /** Writes so far, those that have begun included. */
  get count(): number {
    return this.#contents.length - 1;
  }

  /** A write begins. */
  begin(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      const key = textOf(operation.key);
      if (operation.type === 'put') this.#current.set(key, textOf(operation.value));
      else this.#current.delete(key);
    }
    this.#contents.push(contentText(this.#current));
  }

  /** Says how a content is wrong that was found where `count` writes must be; undefined when it is right. */
  fault(content: string, count: number): string | undefined {
    const found = this.#contents.lastIndexOf(content);
    if (found >= count) return undefined;
    if (found < 0) return 'the content is none that the store ever had';
    return `the content is that after ${found} writes, and ${count} must be there`;
  }

  /** Goes back to a content that was found, of which so many writes are known to survive another crash. */
  backTo(content: string, durable: number): void {
    const found = this.#contents.lastIndexOf(content);
    this.#contents.length = found + 1;
    this.made = found;
    this.durable = durable;
    this.#current.clear();
    for (const entry of content.split('\n').slice(0, -1)) {
      const [key, value] = entry.split('=');
      this.#current.set(key, value);
    }
  }
}

/** A content in the form in which the history has it. */
export function contentText(entries: Iterable<readonly [string, string]>): string {
  return [...entries]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Bytes as text, one character each. Keys and values of the suite are ASCII. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
