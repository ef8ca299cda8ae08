// @ts-check
// Plays one run in a process of its own: `node one-run.mjs <engine> <seed> <milliseconds>`. Its servers and its processes
// end with it, and it ends with its parent.
import { banUsers } from "./bans.mjs";
import { ENGINES } from "./engines.mjs";

const PROGRAM = new URL("../node.mjs", import.meta.url);
/** The ways in which a ban is announced. */
const CALLS = ["revoke", "revoke", "revoke", "refresh", "nothing"];

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
process.once("disconnect", () => process.exit(1));

const [name = "", seed, milliseconds] = process.argv.slice(2);
const engine = ENGINES[name];
if (engine === undefined) throw new Error(`there is no engine ${name}`);
const { truth, faults, settled } = await banUsers(engine, {
  milliseconds: Number(milliseconds),
  seed: Number(seed),
  processes: ["ws", "ws", "socket.io"].map((transport, at) => {
    return { program: PROGRAM, transport, client: String(engine.clients[at % engine.clients.length]) };
  }),
  calls: CALLS,
});
const { handed, lags, worst, violations } = truth;
process.send?.({ engine: name, seed: Number(seed), faults, settled, handed, lags, worst, violations }, () =>
  process.exit(),
);
