// The same question put to other libraries, each as its documentation shows it. What is counted differs; `note` says how.

import { and, definePolicy, not, or } from "@portcullis/core";
import { CASES, consumer, EXPECTED } from "../cases.mjs";
import { Admin, Authenticated, Banned, mayEdit, Owner } from "../rules.mjs";

const PEERS = [
  ["casl", "casl"],
  ["nest", "nest"],
  ["permix", "permix"],
  ["graphql-shield", "graphqlShield"],
  ["casbin", "casbin"],
  ["hono", "hono"],
];
const HAND = "hand: inlined into the caller";
const OURS = "Portcullis, class rules";

/** Peers that do not load on this Node are named and left out. */
export async function peers() {
  const policy = definePolicy({ actions: { edit: and(Authenticated, or(Owner, Admin), not(Banned)) } });
  const own = [
    {
      name: HAND,
      ask(i) {
        const { scope, payload } = CASES[i & 7];
        return mayEdit(scope, payload);
      },
    },
    {
      name: OURS,
      bases: [HAND],
      ask(i) {
        const { scope, payload } = CASES[i & 7];
        return policy.decide(scope, consumer, "edit", payload).outcome === "allow";
      },
    },
  ];
  const others = [];
  for (const [file, factory] of PEERS) {
    try {
      const module = await import(`./${file}.mjs`);
      others.push(...(await module[factory]()));
    } catch (error) {
      console.log(`${file} does not run on Node ${process.version}: ${error.message}`);
    }
  }
  return {
    title: "The same question, other libraries (times: of class rules of Portcullis)",
    expected: EXPECTED,
    contenders: [...own, ...others.map((entry) => ({ ...entry, bases: [OURS] }))],
  };
}
