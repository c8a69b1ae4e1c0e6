import { type ComparatorName, comparators } from './arbitraries/comparators.js';
import type { Comparator, StoreEncoding, StoreOptions } from './contract.js';
import { bytewise } from './model.js';

/** How encodings make what they return: bytes, bytes in one buffer that all of them use again and again, or text. */
export type EncodingStyle = 'bytes' | 'scratch' | 'text';

/** Which code of the user's a store is made with. */
export interface UserCodeSetup {
  readonly comparator?: ComparatorName | undefined;
  readonly encoding?: EncodingStyle | undefined;
}

/** Where a store calls code of its user: a function of an encoding, a getter of what it was given, its comparator. */
export const CALL_SITES = ['encodeKey', 'decodeKey', 'encodeValue', 'decodeValue', 'getter', 'compare'] as const;
/** One of the places where a store calls code of its user. */
export type CallSite = (typeof CALL_SITES)[number];

/** What a comparator is to answer instead of the right number. */
export interface Answer {
  readonly answer: unknown;
}

/** Answers of a comparator that are no numbers, as code. */
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
  /** Calls that go by before. */
  left: number;
  readonly callback: () => Answer | void;
}

/** The code of a store's user, which can be told to do something when it is next called. */
export class UserCode {
  /** For the factory of the store. */
  readonly options: StoreOptions;
  #plan: Plan | undefined;

  constructor({ comparator: name, encoding }: UserCodeSetup = {}) {
    const comparator = name && this.#comparator(comparators[name]);
    const styles = encoding && this.#encodings(encoding);
    this.options = { ...(comparator && { comparator }), ...styles };
  }

  /**
   * Does `action`; in it the `call`-th call at a site runs `callback` first. That happens once, and not to what
   * `callback` itself calls.
   * @param call - from 1
   * @param action - is given the store, at the site 'getter' one that puts getters into what it is given
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

  /** Begins what {@link UserCode.during} does. @returns the store to use */
  plan<S extends object>(site: CallSite, call: number, store: S, callback: () => Answer | void): S {
    this.#plan = { site, left: call - 1, callback };
    return site === 'getter' ? this.#withGetters(store) : store;
  }

  /** Ends it. */
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

  /** A plain object, or an array of some, with getters for fields. */
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

/** Text that sorts as its bytes do. */
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
