import { createPermix } from "permix";
import { CASES } from "../cases.mjs";

/** One instance for each user: so it is made for. */
function permixOf(user) {
  const permix = createPermix();
  const isWelcome = user !== null && !user.banned;
  permix.setup({
    message: { edit: (message) => isWelcome && (message.ownerId === user.id || user.role === "admin") },
  });
  return permix;
}

export function permix() {
  const asked = CASES.map(({ scope: { user }, payload }) => ({ user, permix: permixOf(user), message: payload }));
  return [
    {
      name: "permix, set up before",
      note: "check() alone, one rule: who is signed in or banned was settled at setup()",
      ask: (i) => asked[i & 7].permix.check("message", "edit", asked[i & 7].message),
    },
    {
      name: "permix, set up per message",
      note: "as above, and createPermix() and setup()",
      ask: (i) => permixOf(asked[i & 7].user).check("message", "edit", asked[i & 7].message),
    },
  ];
}
