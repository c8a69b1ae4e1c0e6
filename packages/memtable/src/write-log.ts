/** Takes the writes of a store before they are made: a write-ahead log. */
export interface WriteLog {
  /**
   * Takes the writes of one call. When it throws, none of them is made, and the next call gets their sequences.
   * @param batch - LevelDB's bytes of a write batch, with its sequence; a view that is good until the call returns
   */
  append(batch: Uint8Array): void;
}
