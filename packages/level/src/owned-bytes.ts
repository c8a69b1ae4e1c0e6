import { AbstractChainedBatch, AbstractLevel, AbstractSublevel } from 'abstract-level';

/*
 * Copies bytes at the call, so that callers may reuse their buffers as soon as a call has returned.
 *
 * The store copies what it gets, but abstract-level may pass it on later, in three cases:
 * - It defers every operation while a database opens. Each new database and sublevel opens for some microtasks.
 * - It collects the writes of a chained batch until `write()`.
 * - It emits the event `write`, with the caller's own buffers, after the write.
 *
 * The classes here copy in these cases only. In all others the store copies before the call returns.
 */

// Abstract-level types its methods for users. The overrides here have to accept any database and any data.
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return,
   @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-argument */
type Base = new (...args: any[]) => any;

/** Makes the operations of a database class own their bytes. Its sublevels and chained batches own theirs too. */
const owning = (Class: Base): any =>
  class extends Class {
    put(key: any, value: any, options?: any): any {
      return isLate(this) ? super.put(owned(key), owned(value), { ...options }) : super.put(key, value, options);
    }

    del(key: any, options?: any): any {
      return isLate(this) ? super.del(owned(key), { ...options }) : super.del(key, options);
    }

    batch(...args: any[]): any {
      return args.length > 0 && isLate(this)
        ? super.batch(ownedOperations(args[0]), { ...args[1] })
        : super.batch(...args);
    }

    get(key: any, options?: any): any {
      return isOpening(this) ? super.get(owned(key), { ...options }) : super.get(key, options);
    }

    getMany(keys: any, options?: any): any {
      return isOpening(this) ? super.getMany(ownedList(keys), { ...options }) : super.getMany(keys, options);
    }

    has(key: any, options?: any): any {
      return isOpening(this) ? super.has(owned(key), { ...options }) : super.has(key, options);
    }

    hasMany(keys: any, options?: any): any {
      return isOpening(this) ? super.hasMany(ownedList(keys), { ...options }) : super.hasMany(keys, options);
    }

    clear(options?: any): any {
      return super.clear(isOpening(this) ? ownedRange(options) : options);
    }

    iterator(options?: any): any {
      return super.iterator(isOpening(this) ? ownedRange(options) : options);
    }

    keys(options?: any): any {
      return super.keys(isOpening(this) ? ownedRange(options) : options);
    }

    values(options?: any): any {
      return super.values(isOpening(this) ? ownedRange(options) : options);
    }

    /** An opening database calls this for the `seek()` of an iterator only, and abstract-level defers that seek. */
    prefixKey(key: any, keyFormat: any, local?: any): any {
      return super.prefixKey(isOpening(this) ? owned(key) : key, keyFormat, local);
    }

    _chainedBatch(): object {
      return new OwningChainedBatch(this);
    }

    _sublevel(name: any, options: any): object {
      return new OwningSublevel(this, name, options);
    }
  };

/** `AbstractLevel` whose operations own their bytes. */
export const OwningLevel: typeof AbstractLevel = owning(AbstractLevel);

const OwningSublevel = owning(AbstractSublevel);

class OwningChainedBatch extends (AbstractChainedBatch as Base) {
  #operations: object[] = [];

  constructor(db: object) {
    super(db, { add: true }); // All operations arrive at one method, `_add`.
  }

  put(key: any, value: any, options?: any): any {
    return super.put(owned(key), owned(value), options);
  }

  del(key: any, options?: any): any {
    return super.del(owned(key), options);
  }

  _add(operation: object): void {
    this.#operations.push(operation);
  }

  _clear(): void {
    this.#operations = [];
  }

  async _write(options: object): Promise<void> {
    return this.db._batch(this.#operations, options);
  }
}

function isOpening(db: any): boolean {
  return db.status === 'opening';
}

/** Whether the bytes of a write are still read after the call has returned. */
function isLate(db: any): boolean {
  return isOpening(db) || db.listenerCount('write') > 0;
}

/** A copy of bytes; anything else unchanged. */
function owned(data: any): any {
  if (!ArrayBuffer.isView(data)) return data;
  const { buffer, byteOffset, byteLength } = data;
  if (byteLength === 0) return data; // The buffer may be detached: let the store refuse it.
  if (data instanceof DataView) return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
  // This `slice` copies any typed array. `Buffer` overrides it with one that makes a view.
  return Uint8Array.prototype.slice.call(data);
}

function ownedList(keys: any): any {
  return Array.isArray(keys) ? keys.map(owned) : keys;
}

function ownedOperations(operations: any): any {
  if (!Array.isArray(operations)) return operations;
  return operations.map((operation) => {
    const own = { ...operation };
    own.key = owned(own.key);
    if (own.value !== undefined) own.value = owned(own.value);
    return own;
  });
}

function ownedRange(options: any): any {
  const own = { ...options };
  for (const bound of ['gt', 'gte', 'lt', 'lte']) if (Object.hasOwn(own, bound)) own[bound] = owned(own[bound]);
  return own;
}
