import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const results = new URL("../bench/results/", import.meta.url);

/** The files of results that have figures for readers, in the order of the page, and their headings. */
const HEADINGS: Readonly<Record<string, string>> = {
  "fuzz.json": "Fuzzing",
  "interleavings.json": "Orders of events",
  "faults.json": "Faults around the server",
  "load.json": "Load",
  "continuity.json": "Many connections with continuity",
  "soak.json": "Long run",
  "mutation.json": "Mutation testing",
  "runtimes.json": "Runtimes",
  "playground.json": "The page of the playground",
};

/** The part of a file of results that is for readers. */
interface Results {
  readonly command: string;
  readonly date: string;
  /** The day of the oldest figure, where parts were run at different times. */
  readonly since?: string;
  readonly figures: readonly { what: string; value: string }[];
}

/** The sections of all figures in `bench/results`, one for each command. */
export function figureSections(): string {
  const names = readdirSync(fileURLToPath(results)).filter((name) => name.endsWith(".json"));
  const order = [...Object.keys(HEADINGS), ...names.filter((name) => !(name in HEADINGS))];
  return order
    .filter((name) => names.includes(name))
    .flatMap((name) => {
      const { command, date, since, figures } = JSON.parse(
        readFileSync(new URL(name, results), "utf8"),
      ) as Partial<Results>;
      if (command === undefined || figures === undefined) return [];
      const rows = figures.map(({ what, value }) => `| ${cell(what)} | ${cell(value)} |`);
      const day = date?.slice(0, 10);
      const when = since === undefined || since === day ? `Run of ${day}` : `Runs from ${since} to ${day}`;
      const run = `Command: ${commandsOf(command)}. ${when}.`;
      return [`## ${HEADINGS[name] ?? name}\n\n${run}\n\n| figure | measured |\n|---|---|\n${rows.join("\n")}`];
    })
    .join("\n\n");
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
