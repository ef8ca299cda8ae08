import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const results = new URL("../bench/results/", import.meta.url);

/** The files of results that have figures for readers, in the order of the page, and their headings. */
const HEADINGS: Readonly<Record<string, string>> = {
  "fuzz.json": "Fuzzing",
  "interleavings.json": "Orders of events",
  "faults.json": "Faults around the server",
  "load.json": "Load",
  "continuity.json/many-runs": "The same on every node: many runs with processes and servers",
  "continuity.json/processes": "The same on every node: processes and servers without a pause",
  "continuity.json/simulated": "The same on every node: simulated time",
  "continuity.json/compare": "Beside `disconnectSockets` of socket.io",
  "clients.json": "Clients of Redis and Postgres",
  "continuity.json/crowd": "Many connections with continuity",
  "soak.json": "Long run",
  "mutation.json": "Mutation testing",
  "runtimes.json": "Runtimes",
  "playground.json": "The page of the playground",
};

/** The day and the commit of a run. Old results lack the commit. */
interface Made {
  readonly date?: string;
  /** The day of the oldest figure, where parts were run at different times. */
  readonly since?: string;
  readonly commit?: string;
}

/** The part of results that is for readers. Parts that were measured on their own say when. */
interface Results extends Made {
  readonly command?: string;
  readonly figures?: readonly { what: string; value: string }[];
  readonly parts?: Readonly<Record<string, Made>>;
  readonly results?: readonly Made[];
}

/** All results by name. A file with several kinds of run counts as one for each kind. */
function allResults(): Map<string, Results> {
  const files = readdirSync(fileURLToPath(results)).filter((name) => name.endsWith(".json"));
  return new Map(
    files.flatMap((name): [string, Results][] => {
      const file = JSON.parse(readFileSync(new URL(name, results), "utf8"));
      if (file.kinds === undefined) return [[name, file]];
      return Object.entries<Results>(file.kinds).map(([kind, one]) => [`${name}/${kind}`, one]);
    }),
  );
}

/** The sections of all figures in `bench/results`, one for each command. */
export function figureSections(): string {
  const all = allResults();
  return [...new Set([...Object.keys(HEADINGS), ...all.keys()])]
    .flatMap((name) => {
      const found = all.get(name);
      if (found?.command === undefined || found.figures === undefined) return [];
      const rows = found.figures.map(({ what, value }) => `| ${cell(what)} | ${cell(value)} |`);
      const run = `Command: ${commandsOf(found.command)}. ${madeAt(found)}`;
      return [`## ${HEADINGS[name] ?? name}\n\n${run}\n\n| figure | measured |\n|---|---|\n${rows.join("\n")}`];
    })
    .join("\n\n");
}

/** The days and the commits of a run, or of the parts that were measured on their own. */
function madeAt(found: Results): string {
  const made = [found, ...Object.values(found.parts ?? {}), ...(found.results ?? [])];
  const days = unique(made.flatMap(({ since, date }) => [since, date?.slice(0, 10)])).sort();
  const commits = unique(made.map(({ commit }) => commit)).map((commit) => commit.replace(/^\w+/, "`$&`"));
  if (days.length === 0) throw new Error(`the results of ${found.command} have no date`);
  const runs = days.length === 1 ? `Run of ${days[0]}` : `Runs of ${days[0]} to ${days.at(-1)}`;
  return commits.length === 0 ? `${runs}.` : `${runs}, commit ${commits.join(", ")}.`;
}

function unique(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}

/** A command, with words between its parts where there are any. */
function commandsOf(command: string): string {
  return command
    .split(/(?:, )?(once with .* for each, then) /)
    .map((part) => (part.startsWith("once with") ? part.replace(/\S+=\S+/, "`$&`") : `\`${part}\``))
    .join(" ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** A page with its figures put between the marks. */
export function withFigures(file: string): string {
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  return readFileSync(file, "utf8").replace(
    /(<!-- figures -->\n)[\s\S]*?(<!-- \/figures -->)/,
    (_all, before, after) => `${before}\n${figureSections()}\n\n${after}`,
  );
}
