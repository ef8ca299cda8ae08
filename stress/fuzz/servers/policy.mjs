// @ts-check
import {
  AllowAny,
  and,
  DenyAll,
  definePolicy,
  HasRole,
  IsAuthenticated,
  not,
  or,
  PermissionDenied,
  permission,
} from "@portcullis/core";

const isFlagged = permission("isFlagged", ({ payload }) => payload.flagged === true);
const inRoom = permission("inRoom", ({ payload }) => payload.room === "lobby");
const later = permission("later", async ({ payload }) => payload.room === "lobby");
const faulty = permission("faulty", ({ payload }) => {
  if (payload.ok !== undefined) throw new Error("a fault");
  return true;
});
const isAdmin = HasRole("admin");

const actions = {
  open: AllowAny,
  member: IsAuthenticated,
  room: inRoom,
  admin: isAdmin,
  either: or(inRoom, isAdmin),
  later,
  never: DenyAll,
  fault: faulty,
};

/** The rules in front of most servers; `readings.mjs` says the same in other words. */
export const policy = definePolicy({ permissions: not(isFlagged), actions });

/** The same, with the names of a multiplexed stream. */
export const streamPolicy = definePolicy({
  permissions: not(isFlagged),
  actions: Object.fromEntries(Object.entries(actions).map(([name, rule]) => [`main.${name}`, rule])),
});

/** Reads all that is known of a connection: what a client has put there must not make this throw. */
const isReadable = permission("isReadable", {
  connect: ({ scope }) => {
    const { transport, path, query, cookies, origin = "", remoteAddress = "", subprotocols, connectedAt } = scope;
    const texts = [transport, path, origin, remoteAddress, ...Object.values(cookies), ...subprotocols];
    const isFit = texts.every((text) => typeof text === "string") && Number.isFinite(connectedAt);
    return (
      isFit &&
      Object.values(query)
        .flat()
        .every((text) => typeof text === "string")
    );
  },
});

/** The same, for those alone who are somebody. */
export const memberPolicy = definePolicy({
  connect: and(IsAuthenticated, isReadable),
  permissions: not(isFlagged),
  actions,
});

/** For administrators alone. */
export const adminPolicy = definePolicy({ connect: isAdmin, permissions: not(isFlagged), actions });

/** Everything is allowed: shows that the oracle bites. */
export const openPolicy = definePolicy({ permissions: AllowAny });

const USERS = new Map([
  ["ann", { id: "ann", roles: [] }],
  ["root", { id: "root", roles: ["admin"] }],
]);

/** Returns the result of `authenticate` for a token, or throws its error. @param {unknown} token */
export function authenticated(token) {
  if (token === "denied") throw new PermissionDenied();
  if (token === "limited") throw new PermissionDenied("rate_limited", { status: 429, retryAfter: 2.5 });
  if (token === "broken") throw new Error("a fault");
  return { user: USERS.get(/** @type {string} */ (token)) ?? null };
}

export const LIMITS = { pendingMessages: 100_000, pendingBytes: 1e9, undecodable: 1e9 };
