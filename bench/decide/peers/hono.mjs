import { every, some } from "hono/combine";
import { CASES } from "../cases.mjs";

/** As much of a context as the middlewares use. */
class FakeContext {
  constructor(scope, payload) {
    this.req = { routeIndex: 0 };
    this.scope = scope;
    this.payload = payload;
    this.finalized = false;
    this.res = undefined;
  }
}

export function hono() {
  const may = every(
    ({ scope }) => scope.user !== null,
    some(
      ({ scope, payload }) => payload.ownerId === scope.user.id,
      ({ scope }) => scope.user.role === "admin",
    ),
    ({ scope }) => !scope.user.banned,
  );
  const next = async () => {};
  return [
    {
      name: "hono every(some())",
      note: "the combined middleware on a stand-in for a context; a denial is a thrown error",
      isAsync: true,
      async ask(i) {
        const { scope, payload } = CASES[i & 7];
        try {
          await may(new FakeContext(scope, payload), next);
          return true;
        } catch {
          return false;
        }
      },
    },
  ];
}
