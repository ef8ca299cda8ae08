// How long a decision takes, and what it leaves on the heap.
//
//   npm run bench:decide --prefix bench [-- --quick]

import { judge, keep, printTargets } from "../lib/report.mjs";
import { measureSection } from "../lib/section.mjs";
import { asyncRules } from "./async-rules.mjs";
import { BY_NAME, CALLED, fiftyTrees } from "./fifty-trees.mjs";
import { deepTrees, orOfAndsTrees, wideTrees } from "./large-trees.mjs";
import * as one from "./one-tree.mjs";
import { peers } from "./peers/index.mjs";
import { DECIDE, RECEIVE, sessions } from "./sessions.mjs";

// First, while the process has seen nothing else; and again at the end, when it has seen all.
const alone = await measureSection(one.oneTree("One tree, alone in the process"));
const fifty = await measureSection(fiftyTrees);
const wide = await measureSection(wideTrees);
const deep = await measureSection(deepTrees);
const orOfAnds = {};
for (const section of orOfAndsTrees) orOfAnds[section.title] = await measureSection(section);
const later = await measureSection(asyncRules);
const lasting = await measureSection(sessions);
const others = await measureSection(await peers());
const among = await measureSection(one.oneTree("One tree, when the process has seen all of the above"));

const ratio = (results, name) => Object.values(results[name].ratios)[0].median;
const ratioTo = (results, name, base) => results[name].ratios[base].median;
const more = (results, [without, withIt]) => results[withIt].nanoseconds.median - results[without].nanoseconds.median;
const TABLE = "class rules, by action name";
const BARE = "class rules, no table";
const ONE_OF_ASYNC = "and(a, b), class rules";

const targets = [
  judge(`one tree: ${BARE}, of a check that is called`, ratio(alone, BARE), 4),
  judge(`one tree: ${TABLE}, of a check found by name`, ratio(alone, TABLE), 4),
  judge(`one tree: ${BARE}, of a check that is inlined`, ratioTo(alone, BARE, one.INLINED), 4),
  judge(`50 trees: ${TABLE}, of checks found by name`, ratioTo(fifty, TABLE, BY_NAME), 3),
  judge(`50 trees: ${TABLE}, of checks that are called`, ratioTo(fifty, TABLE, CALLED), 3),
  judge("1,000 wide: class rules, of a loop", ratio(wide, "class rules"), 1.3),
  judge("1,000 deep: class rules, of a loop", ratio(deep, "class rules"), 1.3),
  judge("async: and(a, b), of await a && await b", ratio(later, ONE_OF_ASYNC), 1.25),
  judge(
    "async: and(a, b), of the same with a deadline",
    ratioTo(later, ONE_OF_ASYNC, "hand: await a && await b, with a deadline"),
    1.25,
  ),
  judge("continuity: a message that is decided at once, ns more", more(lasting, RECEIVE), 5),
  judge("continuity: session.decide(), ns more", more(lasting, DECIDE), 5),
  judge(
    "bytes per decision of class rules",
    Math.max(...[BARE, TABLE].flatMap((name) => [alone, fifty].map((of) => of[name].bytes))),
    0,
  ),
];
printTargets(targets);
keep("decide", { alone, fifty, wide, deep, orOfAnds, later, lasting, others, among, targets });
