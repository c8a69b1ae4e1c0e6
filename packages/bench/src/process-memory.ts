/** Collects all garbage. Twice, because V8 frees a buffer only after the collection that found it unused. */
export function collect(): void {
  fullGc();
  fullGc();
}

export function fullGc(): void {
  if (globalThis.gc === undefined) throw new Error('node --expose-gc is needed');
  void globalThis.gc();
}

export interface ProcessMemory {
  /** Heap and external memory. */
  readonly heap: number;
  readonly resident: number;
}

export function processMemory(): ProcessMemory {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, resident: rss };
}
