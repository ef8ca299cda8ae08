import { newEnforcer, newModelFromString, StringAdapter } from "casbin";
import { CASES } from "../cases.mjs";

const MODEL = `
[request_definition]
r = user, message, act
[policy_definition]
p = act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && authenticated(r.user) && (owner(r.user, r.message) || admin(r.user)) && !banned(r.user)
`;

export async function casbin() {
  const enforcer = await newEnforcer(newModelFromString(MODEL), new StringAdapter("p, edit"));
  await enforcer.addFunction("authenticated", (user) => user !== null);
  await enforcer.addFunction("owner", (user, message) => message.ownerId === user.id);
  await enforcer.addFunction("admin", (user) => user.role === "admin");
  await enforcer.addFunction("banned", (user) => user.banned);
  return [
    {
      name: "casbin enforceSync",
      note: "one policy line, the four predicates as functions of the matcher",
      ask(i) {
        const { scope, payload } = CASES[i & 7];
        return enforcer.enforceSync(scope.user, payload, "edit");
      },
    },
    {
      name: "casbin enforce",
      note: "the same, its async form",
      isAsync: true,
      ask(i) {
        const { scope, payload } = CASES[i & 7];
        return enforcer.enforce(scope.user, payload, "edit");
      },
    },
  ];
}
