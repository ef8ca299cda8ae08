// @ts-check
// Makes docs/runtimes.md of the results that are kept.
import { reasonOf } from "./known.mjs";

/**
 * @typedef {object} Results
 * @property {Record<string, { name: string, version: string, rows: number, checks: number, wrong: number }>} core
 * @property {Record<string, { name: string, version: string, kind: string, packages: Record<string, import("./suites.mjs").SuiteResult> }>} suites
 * @property {Record<string, { name: string, version: string, tried: Record<string, import("./sockets.mjs").Tried> }>} sockets
 */

/** @param {readonly string[]} cells */
const row = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** By name, the newest first. @template {{ name: string, version: string }} T @param {Record<string, T>} all */
function inOrder(all) {
  const names = ["Node", "Bun", "Deno", "workerd"];
  return Object.values(all).sort(
    (one, other) =>
      names.indexOf(one.name) - names.indexOf(other.name) ||
      other.version.localeCompare(one.version, "en", { numeric: true }),
  );
}

/** @param {import("./suites.mjs").SuiteResult | undefined} suite */
function cell(suite) {
  if (suite === undefined) return "not tried";
  const passed = suite.built + suite.sources;
  return suite.failed.length === 0 ? `all ${passed}` : `${passed} of ${passed + suite.failed.length}`;
}

/** @param {import("./sockets.mjs").Tried | undefined} tried */
function verdict(tried) {
  if (tried === undefined) return "";
  if (tried.verdict === "guards") return "guards";
  if (tried.verdict === "refuses to") return "`guard()` throws";
  return tried.verdict === "opens" ? "**opens**" : "stays shut, but fails";
}

/**
 * The days on which suites ran, in order. Suites that were kept at different times have different ones.
 *
 * @param {Results["suites"]} suites
 * @param {string} [name] of a package; none: all of them
 */
export function daysOf(suites, name) {
  const all = Object.values(suites).flatMap(({ packages }) => Object.entries(packages));
  return [...new Set(all.flatMap(([one, { day }]) => (day && (name ?? one) === one ? [day] : [])))].sort();
}

/** @param {Results} results */
function suiteTable({ suites }) {
  const all = inOrder(suites);
  const packages = [...new Set(all.flatMap((one) => Object.keys(one.packages)))];
  const rows = all.map(({ name, version, packages: has }) => [
    `${name} ${version}`,
    ...packages.map((one) => cell(has[one])),
  ]);
  const days = packages.map((one) => daysOf(suites, one).join(", "));
  return table(["", ...packages.map((one) => `\`${one}\``)], [...rows, ["run on", ...days]]);
}

/** @param {Results} results */
function failureTable({ suites }) {
  const rows = inOrder(suites).flatMap(({ name, version, kind, packages }) =>
    Object.values(packages).flatMap(({ failed }) =>
      failed.map(({ file, title }) => [
        `${name} ${version}`,
        `\`${file.slice("packages/".length)}\``,
        title,
        reasonOf(kind, file, title) ?? "not known",
      ]),
    ),
  );
  return rows.length === 0 ? "None.\n" : table(["", "file", "test", "why"], rows);
}

/** @param {Results} results */
function socketTable({ sockets }) {
  const all = inOrder(sockets);
  const transports = [...new Set(all.flatMap(({ tried }) => Object.keys(tried)))];
  return table(
    ["", ...transports],
    all.map(({ name, version, tried }) => [`${name} ${version}`, ...transports.map((one) => verdict(tried[one]))]),
  );
}

/** @param {Results} results */
function reasons({ sockets }) {
  const rows = inOrder(sockets).flatMap(({ name, version, tried }) =>
    Object.entries(tried).flatMap(([transport, { why }]) => (why ? [[`${name} ${version}`, transport, why]] : [])),
  );
  return table(["", "transport", "why"], rows);
}

/** @param {Results} results */
function coreTable({ core }) {
  return table(
    ["", "cases", "checks", "wrong"],
    inOrder(core).map(({ name, version, rows, checks, wrong }) => [
      `${name} ${version}`,
      ...[rows, checks, wrong].map(String),
    ]),
  );
}

/** @param {Results} results */
export function renderPage(results) {
  const attempts = Object.values(results.sockets).flatMap(({ tried }) => Object.values(tried).map(({ held }) => held));
  const longest = attempts.reduce((one, other) => (other.length > one.length ? other : one), []);
  return `# Supported runtimes

The core needs only timers, \`AbortController\` and \`crypto\`. The adapters use the modules of Node, as ws and socket.io do.
\`npm run runtimes\` tests the built packages in each runtime, and writes this page.

## The tests of the packages

The table has the number of passed tests. Tests of public exports ran on the published files, in ESM. Tests of internal
modules ran on the sources. A failed test was repeated up to five times, because some tests depend on timing.

${suiteTable(results)}

Failed tests:

${failureTable(results)}

## The core alone

Each runtime evaluates the truth tables of [\`packages/testing/cases\`](../packages/testing/cases), each row with sync rules
and with async rules. The checks cover deadlines, signals, throws and invalid answers.

${coreTable(results)}

## A guarded server

The server runs in the runtime, and its clients run in Node. A cell has "guards" when all of these checks pass:

${longest.map((check) => `- ${check}`).join("\n")}

${socketTable(results)}

Failures and their reasons:

${reasons(results)}

Bun replaces the package \`ws\` with its own implementation. Some versions of it never call the guard. There \`guard()\` throws
\`PermissionMisuse\` before any client is admitted. Let that error end the process, because a server that continues without
its guard admits every client.
`;
}

/** The figures for `docs/evidence.md`. @param {Results} results */
export function figuresOf({ suites, core, sockets }) {
  const ran = inOrder(suites);
  const figures = ran.map(({ name, version, packages }) => {
    const all = Object.values(packages);
    const passed = all.reduce((sum, { built, sources }) => sum + built + sources, 0);
    const failed = all.reduce((sum, suite) => sum + suite.failed.length, 0);
    return {
      what: `tests of the built packages that pass on ${name} ${version}`,
      value: `${passed} of ${passed + failed}`,
    };
  });
  const cores = inOrder(core);
  const wrong = cores.reduce((sum, one) => sum + one.wrong, 0);
  const verdicts = Object.values(sockets).flatMap(({ tried }) => Object.values(tried).map((one) => one.verdict));
  const count = (/** @type {string} */ one) => verdicts.filter((verdict) => verdict === one).length;
  return [
    ...figures,
    {
      what: `wrong answers of the core to ${cores[0]?.rows} cases in each of ${cores.map(({ name, version }) => `${name} ${version}`).join(", ")}`,
      value: String(wrong),
    },
    {
      what: `pairs of a runtime (${Object.keys(sockets).length} of Node, Bun, Deno and workerd, old ones too) and a transport in which a guarded server opened to anybody`,
      value: `${count("opens")} of ${verdicts.length} (${count("guards")} guard, ${count("refuses to")} refuse to start, ${count("fails")} stay shut but fail)`,
    },
  ];
}
