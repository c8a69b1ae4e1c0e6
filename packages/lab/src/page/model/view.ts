export const VIEWS = ['memory', 'list', 'lifecycle'] as const;
export type View = (typeof VIEWS)[number];
