import type { Consumer, Scope } from "@portcullis/core";

/** A scope of which some is given; the rest is that of an anonymous client. */
export type ScopeOf<P> = Omit<Scope, keyof P> & Readonly<P>;

const ANONYMOUS: Scope = Object.freeze({
  transport: "test",
  path: "/",
  query: Object.freeze({}),
  headers: Object.freeze({}),
  cookies: Object.freeze({}),
  origin: undefined,
  remoteAddress: undefined,
  secure: false,
  subprotocols: Object.freeze([]),
  connectedAt: 0,
  user: null,
  request: undefined,
});

/**
 * Makes the scope of a client, to ask a policy without a server.
 *
 * @param known What a guard and `authenticate` would know of the client, `{ user: { id: 1 } }` for example: the rest is
 *   that of an anonymous client at `/` of a transport `test`, without headers, cookies or an origin.
 * @returns A frozen scope, typed as what was given.
 * @throws {TypeError} Where it is given something else than an object.
 * @example
 * ```ts
 * import { definePolicy, IsAuthenticated } from "@portcullis/core";
 * import { consumerOf, scopeOf } from "@portcullis/testing/permission-suite";
 * const policy = definePolicy({ actions: { "chat.read": IsAuthenticated } });
 * const ask = (user: { id: number } | null) => policy.decide(scopeOf({ user }), consumerOf(), "chat.read");
 * console.assert(ask(null).code === "not_authenticated" && ask({ id: 1 }).outcome === "allow");
 * ```
 */
export function scopeOf<P extends object = object>(known?: P): ScopeOf<P> {
  return Object.freeze({ ...ANONYMOUS, ...readObject("scopeOf({ user: { id: 1 } })", known) }) as unknown as ScopeOf<P>;
}

/**
 * Makes the server end of a connection that is none, to ask a policy without a server.
 *
 * @param known What a rule looks at: the rest is `id` and `transport` `"test"`, no raw socket, and a `close` that does
 *   nothing.
 * @returns A consumer.
 * @throws {TypeError} Where it is given something else than an object.
 */
export function consumerOf(known?: Partial<Consumer>): Consumer {
  const nobody: Consumer = { id: "test", transport: "test", raw: undefined, close() {} };
  return { ...nobody, ...readObject("consumerOf({ id: '1' })", known) };
}

function readObject<P extends object>(example: string, known: P | undefined): P | undefined {
  if (known === undefined || (typeof known === "object" && known !== null && !Array.isArray(known))) return known;
  const name = example.slice(0, example.indexOf("("));
  throw new TypeError(`${name}() takes an object of what is known, as in ${example}`);
}
