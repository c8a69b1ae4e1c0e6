import { type ComparatorName, comparators } from './arbitraries/comparators.js';
import type { Comparator, StoreEncoding, StoreOptions } from './contract.js';
import { bytewise } from './model.js';

/** What encodings return: new bytes, bytes in one buffer that every call overwrites (`scratch`), or text. */
export type EncodingStyle = 'bytes' | 'scratch' | 'text';

/** Which code of the user a store is made with. */
export interface UserCodeSetup {
  /** @defaultValue none: the order of the bytes */
  readonly comparator?: ComparatorName | undefined;
  /** @defaultValue none */
  readonly encoding?: EncodingStyle | undefined;
}

/** Where a store calls code of its user: a function of an encoding, a getter of an argument, or the comparator. */
export const CALL_SITES = ['encodeKey', 'decodeKey', 'encodeValue', 'decodeValue', 'getter', 'compare'] as const;
/** One of the places at which a store calls code of its user. */
export type CallSite = (typeof CALL_SITES)[number];

/** A wrong answer for the comparator to return. */
export interface Answer {
  readonly answer: unknown;
}

/** Answers of a comparator that are no numbers, by their code. */
export const wrongAnswers = {
  true: true,
  false: false,
  NaN: NaN,
  undefined: undefined,
  null: null,
  '-1n': -1n,
  "'-1'": '-1',
} as const;

interface Plan {
  readonly site: CallSite;
  /** Number of calls to let pass first. */
  left: number;
  readonly callback: () => Answer | void;
}

/** Code of the user of a store: a comparator and encodings that run a callback in a call chosen beforehand. */
export class UserCode {
  /** Options for the factory of the store. */
  readonly options: StoreOptions;
  #plan: Plan | undefined;

  /** @param setup - which code to make */
  constructor({ comparator: name, encoding }: UserCodeSetup = {}) {
    const comparator = name && this.#comparator(comparators[name]);
    const styles = encoding && this.#encodings(encoding);
    this.options = { ...(comparator && { comparator }), ...styles };
  }

  /**
   * Runs `action`. The `call`-th call at `site` within it runs `callback` first. Calls made by `callback` do not count.
   * @param call - from 1
   * @param callback - may return an answer for the comparator
   * @param action - gets the store. At the site `getter` it gets one that turns fields of its arguments into getters.
   * @throws what `action` throws
   */
  async during<S extends object>(
    site: CallSite,
    call: number,
    store: S,
    callback: () => Answer | void,
    action: (store: S) => Promise<void>,
  ): Promise<void> {
    const used = this.plan(site, call, store, callback);
    try {
      await action(used);
    } finally {
      this.forget();
    }
  }

  /** Begins what {@link UserCode.during} does. Call `forget` at its end. @returns the store for the action */
  plan<S extends object>(site: CallSite, call: number, store: S, callback: () => Answer | void): S {
    this.#plan = { site, left: call - 1, callback };
    return site === 'getter' ? this.#withGetters(store) : store;
  }

  /** Removes the plan. */
  forget(): void {
    this.#plan = undefined;
  }

  #called(site: CallSite): Answer | void {
    const plan = this.#plan;
    if (plan?.site !== site || plan.left-- > 0) return;
    this.#plan = undefined;
    return plan.callback();
  }

  #comparator(compare: Comparator): Comparator {
    return (a, b) => {
      const instead = this.#called('compare');
      return instead === undefined ? compare(a, b) : (instead.answer as number);
    };
  }

  #encodings(style: EncodingStyle): Required<Pick<StoreOptions, 'keyEncoding' | 'valueEncoding'>> {
    let scratch = new Uint8Array(16);
    const toScratch = (data: Uint8Array): Uint8Array => {
      if (data.length > scratch.length) scratch = new Uint8Array(2 * data.length);
      scratch.set(data);
      return scratch.subarray(0, data.length);
    };
    const encode = { bytes: (data: Uint8Array) => data.slice(), scratch: toScratch, text: toHex }[style];
    const of = (what: 'Key' | 'Value'): StoreEncoding => ({
      name: `${style} of a ${what.toLowerCase()}`,
      format: style === 'text' ? 'utf8' : 'view',
      encode: (data) => {
        this.#called(`encode${what}`);
        return encode(data);
      },
      decode: (data: Uint8Array | string) => {
        this.#called(`decode${what}`);
        return typeof data === 'string' ? fromHex(data) : data.slice();
      },
    });
    return { keyEncoding: of('Key'), valueEncoding: of('Value') };
  }

  #withGetters<S extends object>(store: S): S {
    return new Proxy(store, {
      get: (_, name) => {
        const member = Reflect.get(store, name) as unknown;
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => Reflect.apply(member, store, args.map(this.#getters)) as unknown;
      },
    });
  }

  /** A copy of a plain object, or of an array of them, with getters in place of its fields. Anything else unchanged. */
  readonly #getters = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(this.#getters);
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    const copy = {};
    for (const [name, field] of Object.entries(value)) {
      const get = (): unknown => {
        this.#called('getter');
        return field;
      };
      Object.defineProperty(copy, name, { enumerable: true, get });
    }
    return copy;
  };
}

/** Bytes as text in the same order. */
function toHex(data: Uint8Array): string {
  return Array.from(data, (byte) => HEX[byte]).join('');
}

function fromHex(text: string): Uint8Array {
  const data = new Uint8Array(text.length / 2);
  for (let i = 0; i < data.length; i++) data[i] = digit(text, 2 * i) * 16 + digit(text, 2 * i + 1);
  return data;
}

function digit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The order of a store with this setup. */
export function orderOf({ comparator }: UserCodeSetup): Comparator {
  return comparator === undefined ? bytewise : comparators[comparator];
}
