import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inputFamily } from "./families/input.js";
import { jwtFamily } from "./families/jwt.js";
import { koaFamily } from "./families/koa.js";
import { limitsFamily } from "./families/limits.js";
import { otherFamily } from "./families/other.js";
import { passportFamily } from "./families/passport.js";
import { rolesFamily } from "./families/roles.js";
import { sessionFamily } from "./families/session.js";
import { COLUMNS, changesAt } from "./matrix.js";
import type { Made, Row } from "./row.js";
import { prepare, VERSIONS } from "./versions.js";

const FAMILIES: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  ["Passport", passportFamily],
  ["Tokens", jwtFamily],
  ["Sessions, cookies, forged requests", sessionFamily],
  ["Roles and rules", rolesFamily],
  ["Limits and passwords", limitsFamily],
  ["Input", inputFamily],
  ["Routers, headers and the rest", otherFamily],
  ["Koa", koaFamily],
];

/** Every tested package, once. */
export const PACKAGES = [...new Set(FAMILIES.flatMap(([, rows]) => rows.map((row) => row.package)))];

/** The page about middlewares, with the tested packages and the comparison of sockets and HTTP. */
export async function renderTable(): Promise<string> {
  const parts: string[] = [];
  for (const [title, rows] of FAMILIES) {
    const lines = await Promise.all(rows.map(lineOf));
    const head = `| package | what | ${COLUMNS.map(({ name }) => name).join(" | ")} | why |`;
    parts.push(`## ${title}`, "", head, `|---|---|${COLUMNS.map(() => "---|").join("")}---|`, ...lines, "");
  }
  return `${INTRODUCTION}\n${parts.join("\n")}`;
}

const INTRODUCTION = `# HTTP middlewares on sockets

Each of these ${PACKAGES.length} packages runs unmodified in a real server over HTTP and through
[\`@portcullis/adapter-express-bridge\`](../packages/adapter-express-bridge) on a real socket, with the same requests:
at least one that is allowed, one that is refused and one that is malformed. Allowed or refused, status and message are
compared; over ws at connect also the challenge, the redirect and the cookies. Express middlewares are tried with Express
${versionsOf("express")}, those of Koa with Koa ${versionsOf("koa")}. All clients of socket.io come by one
url, so there the rules have the option \`url\`.

This page is written by the tests that make the comparison (\`packages/adapter-express-bridge/test/matrix\`).
"differs" stands for a case that is answered otherwise on purpose, and the last column says why. "decides alike" stands
for a chain that lets pass the same, but makes something anew for the handler behind it, which a socket's handler does not
get by itself.
`;

async function lineOf(row: Row): Promise<string> {
  const version = VERSIONS[row.framework][0];
  const made = (await prepare({ row, version, phase: "action" })).made;
  const cases = Object.values(made.cases);
  const cells = COLUMNS.map(({ phase }) => verdictOf(made, phase));
  const notes = cases.flatMap(({ differs = {} }) => Object.values(differs));
  if (made.changes) notes.push(CHANGED[made.changes]);
  if (made.options) notes.push(`with \`${JSON.stringify(made.options).replaceAll('"', "'")}\``);
  return `| ${row.package} ${versionOf(row.package)} | ${row.what} | ${cells.join(" | ")} | ${[...new Set(notes)].join("; ")} |`;
}

const CHANGED = {
  body: "what it makes of the body is `evidence.body`; the handler has the payload as it came, unless with `{'handOn':'body'}`",
  query: "what it makes of the query reaches no handler",
};

function verdictOf(made: Made, phase: "connect" | "action"): string {
  const asked = Object.values(made.cases).filter(({ only = phase }) => only === phase);
  if (asked.length === 0) return "not asked";
  return asked.some(({ differs }) => differs?.[phase])
    ? "differs"
    : changesAt(made, phase)
      ? "decides alike"
      : "agrees";
}

function versionsOf(framework: "express" | "koa"): string {
  return VERSIONS[framework].map(versionOf).join(" and ");
}

/** The version that is installed. */
function versionOf(name: string): string {
  const path = fileURLToPath(new URL("../../package.json", import.meta.url));
  const { devDependencies } = JSON.parse(readFileSync(path, "utf8"));
  return String(devDependencies[name]).replace(/^npm:.*@/, "");
}
