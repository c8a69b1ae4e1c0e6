import { MapMemtable } from './map-memtable.js';

/** The same with a fault that is easy to make and hard to notice: it takes all bytes for text. */
export class FaultyMemtable extends MapMemtable {
  protected override nameOf(key: Uint8Array): string {
    return new TextDecoder().decode(key);
  }
}
