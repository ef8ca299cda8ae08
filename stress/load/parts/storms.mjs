// @ts-check
// Many that come at once, where it takes 200 ms to find out who they are.

import { count, middle, milliseconds, mustHold } from "../lib/figures.mjs";

const AUTHENTICATE = 200;

/** @param {import("../lib/figures.mjs").Context} context @returns {Promise<import("../lib/figures.mjs").Result>} */
export async function storms({ quick, workers, say }) {
  const [figures, failures, raw] = [/** @type {any[]} */ ([]), /** @type {string[]} */ ([]), /** @type {any[]} */ ([])];
  const storms = /** @type {const} */ ([
    { transport: "ws", welcome: 4000, strangers: 500, leavers: 500 },
    { transport: "socket.io", welcome: 1600, strangers: 200, leavers: 200 },
  ]);
  for (const { transport, ...full } of storms) {
    const numbers = quick
      ? { welcome: full.welcome / 10, strangers: full.strangers / 10, leavers: full.leavers / 10 }
      : full;
    const rounds = [];
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const server = await workers.serve({ transport, kind: "guard", authenticate: AUTHENTICATE });
      const generator = await workers.generator();
      const [target] = server.targets;
      const result = await generator.ask({ command: "storm", target, ...numbers, patience: 60 });
      const open = (await server.ask({ command: "measure" })).servers[0];
      await generator.ask({ command: "close" });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const left = (await server.ask({ command: "measure" })).servers[0];
      workers.stop();
      rounds.push({ ...result, open, left });
      const { welcome, strangers, leavers } = numbers;
      const isRight =
        result.opened === welcome &&
        result.answered === welcome &&
        result.refused === strangers &&
        result.gone === leavers;
      mustHold(
        failures,
        isRight,
        `${transport}: ${JSON.stringify({ ...result, took: undefined })} of ${JSON.stringify(numbers)}`,
      );
      mustHold(failures, open.sessions === welcome, `${transport}: ${open.sessions} sessions are open`);
      mustHold(failures, open.handled === welcome, `${transport}: ${open.handled} messages were handled`);
      mustHold(failures, left.sessions + left.connections === 0, `${transport}: sessions are left`);
      mustHold(failures, left.unauthorised === 0, `${transport}: the gate has opened`);
    }
    const all = numbers.welcome + numbers.strangers + numbers.leavers;
    const what = `${count(all)} ${transport} clients at once, \`authenticate\` takes ${AUTHENTICATE} ms`;
    const took = (/** @type {"p50" | "p99" | "max"} */ part) =>
      middle(
        rounds.map((one) => one.took[part]),
        milliseconds,
      );
    figures.push(
      {
        what: `${what}: let in and their first request answered, refused, gone meanwhile; sessions left at the end`,
        value: `${count(numbers.welcome)}, ${count(numbers.strangers)}, ${count(numbers.leavers)}; ${rounds.map(({ left }) => left.sessions).join(", ")}`,
      },
      {
        what: `${what}: time from the first handshake until the median is in, median of the rounds (range)`,
        value: took("p50"),
      },
      {
        what: `${what}: time from the first handshake until the last is in, median of the rounds (range)`,
        value: took("max"),
      },
    );
    say(`${what}: all in after ${took("max")}`);
    raw.push({ transport, numbers, rounds });
  }
  return { figures, failures, raw: { storms: raw } };
}
