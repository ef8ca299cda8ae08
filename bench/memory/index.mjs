// Heap bytes of a guarded idle connection, above a bare ws connection that keeps its request too; and of one with
// continuity, above one without it.
//
//   npm run bench:memory --prefix bench [-- --quick]

import { quantile } from "../lib/measure.mjs";
import { start } from "../lib/processes.mjs";
import { judge, keep, number, printTable, printTargets, quick } from "../lib/report.mjs";

const CONNECTIONS = quick ? 1000 : 5000;
const WARMUP = 2000;
const ROUNDS = quick ? 1 : 5;
const KINDS = ["bare", "guard", "continuity"];

/** Bytes per connection of one server with its connections open. */
async function measure(kind) {
  const server = start(new URL("server.mjs", import.meta.url), [kind], { execArgv: ["--expose-gc"] });
  try {
    const port = await server.hear();
    // The first connections load code and have it compiled, so they are opened before the measurement.
    const first = start(new URL("clients.mjs", import.meta.url), [String(port), String(WARMUP)]);
    await first.hear();
    first.stop();
    let before = await server.ask("measure");
    while (before.connections > 0) before = await server.ask("measure");
    const clients = start(new URL("clients.mjs", import.meta.url), [String(port), String(CONNECTIONS)]);
    await clients.hear();
    const after = await server.ask("measure");
    clients.stop();
    if (after.connections !== CONNECTIONS) throw new Error(`${kind}: ${after.connections} connections are open`);
    const each = (key) => (after[key] - before[key]) / CONNECTIONS;
    return { heap: each("heapUsed"), external: each("external"), rss: each("rss") };
  } finally {
    server.stop();
  }
}

const rounds = [];
for (let round = 0; round < ROUNDS; round++) {
  const measured = {};
  for (const kind of round % 2 === 0 ? KINDS : [...KINDS].reverse()) measured[kind] = await measure(kind);
  rounds.push(measured);
}

const median = (read) => Math.round(quantile(rounds.map(read), 0.5));
const rows = KINDS.map((kind) => ({
  kind,
  heap: median((one) => one[kind].heap),
  external: median((one) => one[kind].external),
  rss: median((one) => one[kind].rss),
}));
const above = median((one) => one.guard.heap - one.bare.heap);
const lasting = median((one) => one.continuity.heap - one.guard.heap);
printTable(`${CONNECTIONS} idle connections, ${ROUNDS} rounds, bytes per connection`, [
  ["", "heap", "external", "rss", ""],
  ...rows.map(({ kind, heap, external, rss }) => [kind, String(heap), String(external), String(rss), ""]),
  ["guard above bare", String(above), "", "", rounds.map((one) => number(one.guard.heap - one.bare.heap)).join(", ")],
  [
    "continuity above guard",
    String(lasting),
    "",
    "",
    rounds.map((one) => number(one.continuity.heap - one.guard.heap)).join(", "),
  ],
]);
const targets = [
  judge("heap of a guarded connection above a bare one, bytes", above, 700),
  judge("heap of a connection with continuity above one without it, bytes", lasting, 500),
];
printTargets(targets);
keep("memory", { connections: CONNECTIONS, rounds, targets });
