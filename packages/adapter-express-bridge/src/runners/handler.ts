/** One function of a chain, as Express and connect call it. */
export type Handler = (...input: unknown[]) => unknown;
