// Costs of a guard on a server of ws, crossws and socket.io, as message rate and processor time, compared with the same server
// with a check by hand. The servers run on Node, and those of crossws on Bun as well, which the first run fetches.
//
//   npm run bench:end-to-end --prefix bench [-- --quick]

import { environmentOf, RUNTIMES, startOf } from "../../stress/runtimes/runtimes.mjs";
import { quantile, shuffled, summary } from "../lib/measure.mjs";
import { start } from "../lib/processes.mjs";
import { judge, keep, number, printTable, printTargets, quick, spread } from "../lib/report.mjs";
import { measureOneMessage } from "./one-message.mjs";

const { results: oneMessage, nanoseconds } = await measureOneMessage();
console.log(`\nA guard adds ${nanoseconds.toFixed(0)} ns to a message.`);

const KINDS = ["bare", "hand", "again", "guard"];
const BASE = "hand";
const { generations, rounds, milliseconds, warmup } = quick
  ? { generations: 1, rounds: 12, milliseconds: 80, warmup: 500 }
  : { generations: 4, rounds: 15, milliseconds: 150, warmup: 1500 };

const LABELS = {
  bare: "echo, nothing checked",
  hand: "parsed and checked by hand",
  again: "by hand, a second process",
  guard: "guard()",
};

/** One block: as many messages as go back and forth in the time, and the processor time of the server. */
async function block(client, { kind, server, port }, length) {
  const before = await server.ask("cpu");
  const { messages, milliseconds: took } = await client.ask({ port, isChecked: kind !== "bare", milliseconds: length });
  const after = await server.ask("cpu");
  const user = (after.user - before.user) / messages;
  return { rate: (messages / took) * 1000, user, cpu: user + (after.system - before.system) / messages };
}

/** Starts a server on Node. */
const startOnNode = (transport, kind) => start(new URL("server.mjs", import.meta.url), [transport, kind]);

/** Starts a server of crossws on Bun. */
function startOnBun(_transport, kind) {
  const bun = RUNTIMES.find((runtime) => runtime.kind === "bun");
  const [execPath, ...execArgv] = startOf(bun);
  return start(new URL("bun-server.mjs", import.meta.url), [kind], { execPath, execArgv, env: environmentOf(bun) });
}

/** All servers anew, for a process may be lucky or unlucky for as long as it lives. */
async function generation(transport, startServer) {
  const servers = [];
  const client = start(new URL("client.mjs", import.meta.url), [transport]);
  try {
    await client.hear();
    for (const kind of shuffled(KINDS)) {
      const server = startServer(transport, kind);
      servers.push({ kind, server, port: await server.hear() });
    }
    for (const one of servers) await block(client, one, warmup);
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      const blocks = {};
      for (const one of shuffled(servers)) blocks[one.kind] = await block(client, one, milliseconds);
      measured.push(blocks);
    }
    return measured;
  } finally {
    client.stop();
    for (const { server } of servers) server.stop();
  }
}

/** Measures all servers of a transport, and prints what was found. */
async function measure(transport, title = transport, startServer = startOnNode) {
  const all = [];
  for (let count = 0; count < generations; count++) all.push(...(await generation(transport, startServer)));
  const results = Object.fromEntries(
    KINDS.map((kind) => [
      kind,
      {
        rate: summary(all.map((one) => one[kind].rate)),
        cpu: summary(all.map((one) => one[kind].cpu)),
        rateRatio: summary(all.map((one) => one[kind].rate / one[BASE].rate)),
        cpuAbove: summary(all.map((one) => one[kind].cpu - one[BASE].cpu)),
        userAbove: summary(all.map((one) => one[kind].user - one[BASE].user)),
      },
    ]),
  );
  const differences = all.map((one) => Math.abs(one.again.cpu - one.hand.cpu));
  const noise = quantile(differences, 0.5);
  print(title, all.length, results, noise);
  return { results, noise };
}

function print(name, blocks, results, noise) {
  const title = `${name}: ${blocks} rounds of ${milliseconds} ms blocks, ${generations} generations of processes, 4 x 16 in flight`;
  printTable(title, [
    ["", "msg/s", "of hand", "10-90 %", "server us/msg", "above hand", "10-90 %", "user time above", ""],
    ...KINDS.map((kind) => {
      const { rate, cpu, rateRatio, cpuAbove, userAbove } = results[kind];
      const row = [LABELS[kind], rate.median.toFixed(0)];
      if (kind === BASE) return [...row, "", "", number(cpu.median)];
      const above = [cpuAbove.median.toFixed(2), spread(cpuAbove), userAbove.median.toFixed(2)];
      return [...row, rateRatio.median.toFixed(3), spread(rateRatio), number(cpu.median), ...above];
    }),
  ]);
  console.log(`\nTwo servers by hand differ by ${noise.toFixed(2)} us per message (median).`);
}

const ws = await measure("ws");
const crossws = await measure("crossws");
const crosswsOnBun = await measure("crossws", "crossws on Bun", startOnBun);
const socketio = await measure("socket.io");
const targets = [
  judge("ws: message rate, of the server with a check by hand", ws.results.guard.rateRatio.median, 0.97, "at least"),
  judge("ws: server processor time above it, us per message", ws.results.guard.cpuAbove.median, 0.3),
  judge("ws: one message without the network: above it, us", nanoseconds / 1000, 0.3),
  judge("crossws on Node: message rate, of hand", crossws.results.guard.rateRatio.median, 0.97, "at least"),
  judge("crossws on Bun: message rate, of hand", crosswsOnBun.results.guard.rateRatio.median, 0.97, "at least"),
  judge("socket.io: message rate, of hand", socketio.results.guard.rateRatio.median, 0.97, "at least"),
];
printTargets(targets);
keep("end-to-end", { oneMessage, generations, rounds, milliseconds, ws, crossws, crosswsOnBun, socketio, targets });
