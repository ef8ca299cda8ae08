// The questions: may this user edit this message? "authenticated and (owner or admin) and not banned".

const scope = (user) => Object.freeze({ user });
const user = (id, role, banned) => scope({ id, role, banned });

const owner = user("u1", "member", false);
const admin = user("u2", "admin", false);
const member = user("u3", "member", false);
const bannedOwner = user("u4", "member", true);
const bannedAdmin = user("u5", "admin", true);
const anonymous = scope(null);

const ask = (scope, ownerId, allowed) => ({ scope, payload: { ownerId, text: "hello" }, allowed });

/** Asked in turn: 4 are allowed, 4 denied. Three rules are asked of each on average. */
export const CASES = [
  ask(owner, "u1", true),
  ask(anonymous, "u1", false),
  ask(admin, "u1", true),
  ask(member, "u1", false),
  ask(admin, "u2", true),
  ask(bannedOwner, "u4", false),
  ask(member, "u3", true),
  ask(bannedAdmin, "u1", false),
];

export const EXPECTED = CASES.map(({ allowed }) => allowed);

/** A consumer that is connected to nothing. */
export const consumer = { id: "c1", transport: "none", raw: undefined, close() {} };
