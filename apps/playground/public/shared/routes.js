// @ts-check

/**
 * One action of the chat as an HTTP request.
 *
 * @typedef {object} Route
 * @property {string} action
 * @property {"get" | "post" | "put" | "delete"} method
 * @property {string} path a word after a colon is a field of the payload
 */

/** The HTTP side of the chat. What may be done over a socket may be done over these. */
export const ROUTES = /** @type {const} @satisfies {readonly Route[]} */ ([
  { action: "ping", method: "get", path: "/ping" },
  { action: "chat.history", method: "get", path: "/messages" },
  { action: "chat.send", method: "post", path: "/messages" },
  { action: "user.ban", method: "put", path: "/bans/:user" },
  { action: "user.unban", method: "delete", path: "/bans/:user" },
]);

/**
 * An action as the request that does the same. One without a route of its own is asked by its name.
 *
 * @param {string} action
 * @param {Record<string, unknown>} payload
 * @returns {{ method: string, path: string, body: Record<string, unknown> | undefined }}
 */
export function requestFor(action, payload) {
  const route = ROUTES.find((one) => one.action === action);
  if (route === undefined) return { method: "POST", path: `/actions/${encodeURIComponent(action)}`, body: payload };
  const used = new Set();
  const path = route.path.replace(/:(\w+)/g, (_, name) => {
    used.add(name);
    return encodeURIComponent(String(payload[name]));
  });
  const rest = Object.entries(payload).filter(([name]) => !used.has(name));
  const method = route.method.toUpperCase();
  if (method === "GET") return { method, path: withQuery(path, rest), body: undefined };
  return { method, path, body: rest.length > 0 ? Object.fromEntries(rest) : undefined };
}

/**
 * @param {string} path
 * @param {[string, unknown][]} fields
 */
function withQuery(path, fields) {
  const query = new URLSearchParams(Object.fromEntries(fields.map(([name, value]) => [name, String(value)])));
  return fields.length > 0 ? `${path}?${query}` : path;
}
