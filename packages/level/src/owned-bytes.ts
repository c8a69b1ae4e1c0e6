import { AbstractChainedBatch, AbstractLevel, AbstractSublevel } from 'abstract-level';

/*
 * Bytes are copied at the call. A store copies what it is given, but abstract-level may hand it over later. It defers all
 * operations of a database that is opening, as each new database and sublevel is for some microtasks. It collects the
 * writes of a chained batch. And it emits the event `write` with the caller's own buffers after the write. The classes
 * here copy in these three cases only: an operation on an open database reaches the store before the call returns.
 */

// The types of abstract-level tell of what users call; what implementers pass is any database and any data.
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return,
   @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-member-access,
   @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-argument */
type Base = new (...args: any[]) => any;

/** A database class whose operations own their bytes, its sublevels and chained batches included. */
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

    /** The one call of it in a database that is opening comes from `seek()` of an iterator, which is deferred too. */
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

export const OwningLevel: typeof AbstractLevel = owning(AbstractLevel);

const OwningSublevel = owning(AbstractSublevel);

class OwningChainedBatch extends (AbstractChainedBatch as Base) {
  #operations: object[] = [];

  constructor(db: object) {
    super(db, { add: true }); // One method, `_add`, is told of all operations.
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

/** Whether somebody looks at what is written after the call has returned. */
function isLate(db: any): boolean {
  return isOpening(db) || db.listenerCount('write') > 0;
}

/** The same bytes in a memory of their own; anything that is not bytes as it is. */
function owned(data: any): any {
  if (!ArrayBuffer.isView(data)) return data;
  const { buffer, byteOffset, byteLength } = data;
  if (byteLength === 0) return data; // It may be detached, which is for the store to refuse.
  if (data instanceof DataView) return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
  // This method serves all typed arrays. A `Buffer` has one of its own, which makes a view.
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
