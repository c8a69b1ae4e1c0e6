/** Whether this is the checked build; false is a constant, so what stands behind it costs nothing. */
export const INVARIANTS: boolean = false;
