// @ts-check
// Goes through many orders of what happens to one connection, and says how many there were: in the core as many drawn
// ones as PORTCULLIS_INTERLEAVINGS says (300,000), over sockets a tenth of that, with continuity through adapters
// three tenths. Of small sets all orders. `--save` writes bench/results/interleavings.json.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commit } from "../../bench/lib/provenance.mjs";
import { machine, printTable, save } from "../../bench/lib/report.mjs";

const runs = process.env.PORTCULLIS_INTERLEAVINGS ?? "300000";
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "portcullis-interleavings-"));
const startedAt = performance.now();

/** The figures that are kept, by the begin of the names of their parts. */
const FIGURES = {
  "all orders in the core": "Orders of events on one connection in the core, all that there are of small sets",
  "all orders over": "Orders of events on one connection through an adapter, all that there are of small sets",
  "drawn orders in the core": "Orders of events on one connection in the core, drawn at random",
  "drawn orders over ws": "Orders of events on one connection of ws, drawn at random",
  "drawn orders over socket.io": "Orders of events on one connection of socket.io, drawn at random",
  "drawn orders over crossws": "Orders of events on one connection of crossws, drawn at random",
};

/** @typedef {{ what: string, schedules: number, distinct: number }} Counted */

try {
  const env = { ...process.env, PORTCULLIS_INTERLEAVINGS: runs, PORTCULLIS_INTERLEAVINGS_TALLY: folder };
  const args = ["vitest", "run", "stress/interleavings", "--typecheck=false"];
  const { status } = spawnSync("npx", args, { cwd: root, env, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) process.exit(1);
  /** @type {Counted[]} */
  const parts = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
  const count = (/** @type {number} */ value) => value.toLocaleString("en");
  const rows = parts.map(({ what, schedules, distinct }) => [what, count(schedules), count(distinct)]);
  printTable("Orders of what happens to one connection", [
    ["", "schedules", "distinct"],
    ...rows.map((row) => [...row, ""]),
  ]);
  if (save) write(parts);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {readonly Counted[]} parts */
function write(parts) {
  const sum = (/** @type {string} */ start) => {
    const fitting = parts.filter(({ what }) => what.startsWith(start));
    const schedules = fitting.reduce((total, part) => total + part.schedules, 0);
    const distinct = fitting.reduce((total, part) => total + part.distinct, 0);
    return `${schedules.toLocaleString("en")} (${distinct.toLocaleString("en")} distinct), 0 violations`;
  };
  const figures = Object.entries(FIGURES).map(([start, what]) => ({ what, value: sum(start) }));
  const result = {
    command: `PORTCULLIS_INTERLEAVINGS=${runs} node stress/interleavings/run.mjs --save`,
    machine: machine(),
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    commit,
    figures,
    minutes: Number(((performance.now() - startedAt) / 60_000).toFixed(1)),
    violations: 0,
    parts,
  };
  writeFileSync(join(root, "bench/results/interleavings.json"), `${JSON.stringify(result, null, 2)}\n`);
}
