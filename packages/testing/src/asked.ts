import type { Consumer, Scope } from "@portcullis/core";

/** A scope with the given fields. All others are those of an anonymous client. */
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
 * @param known Fields of the scope, for example `{ user: { id: 1 } }`. All others are those of an anonymous client at
 *   `/` on the transport `"test"`, without headers, cookies or an origin.
 * @returns A frozen scope with the type of the given fields.
 * @throws {TypeError} When `known` is not an object.
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
 * Makes a consumer without a connection, to ask a policy without a server.
 *
 * @param known Members that the rules read. Defaults: `id` and `transport` are `"test"`, `raw` is undefined, and
 *   `close` does nothing.
 * @returns A consumer.
 * @throws {TypeError} When `known` is not an object.
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
