import { AbilityBuilder, createMongoAbility, subject } from "@casl/ability";
import { CASES } from "../cases.mjs";

function abilityOf(user) {
  const { can, build } = new AbilityBuilder(createMongoAbility);
  if (user !== null && !user.banned) {
    if (user.role === "admin") can("edit", "Message");
    else can("edit", "Message", { ownerId: user.id });
  }
  return build();
}

export function casl() {
  const asked = CASES.map(({ scope, payload }) => ({
    user: scope.user,
    ability: abilityOf(scope.user),
    message: subject("Message", { ...payload }),
  }));
  return [
    {
      name: "CASL, ability built before",
      note: "can() alone: who is signed in, admin or banned was settled when the ability was built",
      ask: (i) => asked[i & 7].ability.can("edit", asked[i & 7].message),
    },
    {
      name: "CASL, ability built per message",
      note: "as above, and building the ability",
      ask: (i) => abilityOf(asked[i & 7].user).can("edit", asked[i & 7].message),
    },
  ];
}
