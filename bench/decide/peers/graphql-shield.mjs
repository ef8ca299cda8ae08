import { createRequire } from "node:module";
import { CASES } from "../cases.mjs";

// As CommonJS: its ES module does not load on Node 23 and later.
const require = createRequire(import.meta.url);

export function graphqlShield() {
  const { and, not, or, rule } = require("graphql-shield");
  // Its `and` and `or` ask all operands, so each must stand an anonymous user.
  const make = (name, check) => rule(name, { cache: "no_cache" })(async (_parent, args, { user }) => check(user, args));
  const tree = and(
    make("authenticated", (user) => user !== null),
    or(
      make("owner", (user, message) => message.ownerId === user?.id),
      make("admin", (user) => user?.role === "admin"),
    ),
    not(make("banned", (user) => user?.banned ?? false)),
  );
  const info = {};
  const options = { debug: false, allowExternalErrors: false };
  return [
    {
      name: "graphql-shield",
      note: "resolve() of the rule tree, no GraphQL around it; no cache",
      isAsync: true,
      ask(i) {
        const { scope, payload } = CASES[i & 7];
        return tree.resolve(undefined, payload, scope, info, options);
      },
    },
  ];
}
