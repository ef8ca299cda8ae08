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
    const head = `| package | case | ${COLUMNS.map(({ name }) => name).join(" | ")} | why |`;
    parts.push(`## ${title}`, "", head, `|---|---|${COLUMNS.map(() => "---|").join("")}---|`, ...lines, "");
  }
  return `${INTRODUCTION}\n${parts.join("\n")}`;
}

const INTRODUCTION = `# HTTP middlewares on sockets

These ${PACKAGES.length} packages run unmodified in a real HTTP server, and on a real socket through
[\`@portcullis/adapter-express-bridge\`](../packages/adapter-express-bridge). Both get the same requests: at least one that
is allowed, one that is refused and one that is malformed. The tests compare the decision, the status and the message. For ws
at connect they also compare the challenge, the redirect and the cookies. Express middlewares run in Express
${versionsOf("express")}, Koa middlewares in Koa ${versionsOf("koa")}. All socket.io clients connect to the same
URL, so the rules there have the option \`url\`.

The tests in \`packages/adapter-express-bridge/test/matrix\` make the comparison and write this page. A cell has one of these
values:

| value | meaning |
|---|---|
| agrees | the socket and the route give the same answer |
| decides alike | both allow and refuse the same requests, but the middlewares also change data for the next handler, and the handler of a socket does not get this change by default |
| differs | a difference on purpose; the last column has the reason |
| not asked | no case applies, for example a body during the handshake |
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
  body: "the changed body is `evidence.body`; the handler gets the original payload, unless the rule has `{'handOn':'body'}`",
  query: "the changed query reaches no handler",
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
