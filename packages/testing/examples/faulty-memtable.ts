import { MapMemtable } from './map-memtable.js';

/** The same with a fault that is easily made and hardly noticed: not all bytes are text. */
export class FaultyMemtable extends MapMemtable {
  protected override nameOf(key: Uint8Array): string {
    return new TextDecoder().decode(key);
  }
}
