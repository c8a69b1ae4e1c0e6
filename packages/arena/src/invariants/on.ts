/** The checked build, which the export condition `invariants` chooses (`node -C invariants app.js`). */
export const INVARIANTS: boolean = true;
