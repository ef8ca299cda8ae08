// @ts-check

/** Tells this page, its clients and whom they have signed in as from those of others. */
export const PAGE = crypto.randomUUID();
