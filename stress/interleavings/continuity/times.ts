/** Milliseconds for which the identity of a client lasts: longer than a revalidation, or shorter. */
export const LIFE = { long: 60_000, short: 20_000 };
/** Milliseconds after the end of an identity until the connection is closed. */
export const GRACE = 4_000;
/** Milliseconds after which a connection must have been authenticated again, and of the grace behind that. */
export const EVERY = 40_000;
export const EVERY_GRACE = 10_000;
/** Milliseconds that each question may take. */
export const TIMEOUT = { connect: 1_000, action: 1_500, object: 1_500 };
