// @ts-check

/** Identifies this page to the server, so that its clients and sessions are its own. */
export const PAGE = crypto.randomUUID();
