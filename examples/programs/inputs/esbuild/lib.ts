export type Vec = { x: number; y: number };
export const sum = (...xs: number[]): number | undefined => xs.length ? xs.reduce((a, b) => a + b) : undefined;
export function unused() { return "tree-shaken"; }
