declare module 'proper-skip-list' {
  export default class ProperSkipList<K, V> {
    readonly length: number;
    upsert(key: K, value: V): V | undefined;
    find(key: K): V | undefined;
    delete(key: K): boolean;
    clear(): void;
    findEntries(fromKey: K): { asc: IterableIterator<[K, V, number]>; desc: IterableIterator<[K, V, number]> };
    findEntriesFromMin(): IterableIterator<[K, V, number]>;
    findEntriesFromMax(): IterableIterator<[K, V, number]>;
  }
}
