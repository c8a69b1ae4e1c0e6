/** Whether this is the checked build. The checks behind a constant `false` cost next to nothing. */
export const INVARIANTS: boolean = false;
