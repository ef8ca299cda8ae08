// Costs of an HTTP middleware on a socket through the bridge, compared with a loopback request and light-my-request.
//
//   npm run bench:bridge --prefix bench [-- --quick]

import { judge, keep, printTargets } from "../lib/report.mjs";
import { measureSection } from "../lib/section.mjs";
import { CHAINS } from "./chains.mjs";
import { BRIDGE, contendersOf, HTTP, INJECT, stop } from "./ways.mjs";

const results = {};
for (const { title, expected, chainOf, requests } of CHAINS) {
  results[title] = await measureSection({ title, expected, contenders: await contendersOf(chainOf, requests) });
}
await stop();

const [noOp, jwt, session] = CHAINS.map(({ title }) => results[title]);
const ratio = (result, base) => result[BRIDGE].ratios[base].median;
const targets = [
  judge("no-op: through the bridge, of a loopback HTTP request", ratio(noOp, HTTP), 0.5),
  judge("express-jwt: of a loopback HTTP request", ratio(jwt, HTTP), 1),
  judge("session and passport: of a loopback HTTP request", ratio(session, HTTP), 1),
  judge("no-op: of light-my-request", ratio(noOp, INJECT), 1),
];
printTargets(targets);
keep("bridge", { sections: results, targets });
