// @ts-check
import { leavesOf, mentions, parsePolicy } from "./parse-policy.js";
import { ROUTES } from "./routes.js";

/**
 * @typedef {import("./parse-policy.js").PolicyNode} PolicyNode
 * @typedef {{ name: string, source?: string }} KnownRule
 * @typedef {"ws" | "socket.io" | "express"} Target
 *
 * The policy that a program is written for.
 *
 * @typedef {object} Given
 * @property {string} text
 * @property {PolicyNode} policy
 * @property {string[]} aboutUsers actions whose rule asks about an account
 * @property {string[]} sources of the rules that do not come with the library
 */

const PACKAGES = {
  ws: "@portcullis/core @portcullis/adapter-ws ws",
  "socket.io": "@portcullis/core @portcullis/adapter-socketio socket.io",
  express: "@portcullis/core @portcullis/adapter-express-bridge express",
};

/**
 * The installation from packed files, until the packages are released.
 *
 * @param {Target} target
 */
function installation(target) {
  const packed = PACKAGES[target].replaceAll(/@portcullis\/([\w-]+)/g, "../portcullis/portcullis-$1-*.tgz");
  return `// Nothing is released yet. In a clone, \`npm ci && npm run build && npm pack -w packages\`
// makes the files; beside it: npm install ${packed}
// When it is released: npm install ${PACKAGES[target]}`;
}

const CORE = /\b(AllowAny|BasePermission|DenyAll|HasRole|IsAuthenticated|allow|and|deny|fault|not|or)\b(?=[\s(,])/g;

/**
 * A complete program with the rules of a policy and a server. Comments mark the parts for the reader to replace.
 *
 * @param {Target} target
 * @param {string} written the text of the policy
 * @param {readonly KnownRule[]} known
 * @returns {string} TypeScript
 * @throws {import("./tokens.js").PolicyTextError} When the policy cannot be read.
 */
export function snippetFor(target, written, known) {
  const text = written.trim();
  const policy = parsePolicy(
    text,
    known.map(({ name }) => name),
  );
  const used = leavesOf(policy).map(({ name }) => name);
  const sources = known.flatMap(({ name, source }) => (source && used.includes(name) ? [typed(source)] : []));
  const aboutUsers = policy.actions.filter(({ rule }) => mentions(rule, "isOneself")).map(({ name }) => name);
  const given = { text, policy, aboutUsers, sources };
  const policyText = withObjects(given);
  const { imports, body } = { ws: wsServer, "socket.io": socketioServer, express: expressServer }[target](given);
  const all = [
    coreImport([policyText, ...sources]),
    ...imports,
    ...(sources.some((one) => one.includes("pause(")) ? [PAUSE] : []),
  ];
  return [
    installation(target),
    all.sort((one, other) => (one.split(" from ")[1] ?? "").localeCompare(other.split(" from ")[1] ?? "")).join("\n"),
    "",
    USERS,
    ...(sources.length > 0 ? ["", SCOPE, "", sources.join("\n\n")] : []),
    "",
    `const policy = ${policyText.replace(/;?$/, ";")}`,
    "",
    body,
    "",
  ].join("\n");
}

const PAUSE = 'import { setTimeout as pause } from "node:timers/promises";';

const USERS = `// Yours: who is it? Here a token says so; it may be a session, a JWT, a database.
interface User {
  id: string;
  roles: string[];
  isBanned: boolean;
}
const users = new Map<string, User>([
  ["guest", { id: "guest", roles: ["guest"], isBanned: false }],
  ["member", { id: "member", roles: ["member"], isBanned: false }],
  ["admin", { id: "admin", roles: ["admin"], isBanned: false }],
]);
const findUser = (authorization = "") => users.get(authorization.replace("Bearer token-of-", "")) ?? null;`;

const SCOPE = `// The rules of the policy below.
type AppScope = Scope & { user: User | null };
const { permission } = permissionsFor<AppScope>();`;

/**
 * The source of a rule with the types that it does not need in JavaScript.
 *
 * @param {string} source
 */
function typed(source) {
  return source
    .replaceAll("extends BasePermission ", "extends BasePermission<AppScope> ")
    .replaceAll(/^( +\w+)\(scope\)/gm, "$1(scope: AppScope)")
    .replaceAll("object: ({ scope, object })", "object: ({ scope, object }: ObjectContext<AppScope>)")
    .replaceAll(/^ {2}(code|reason) = /gm, "  override readonly $1 = ")
    .replaceAll(/^ {2}(canConnect|hasPermission)\(/gm, "  override $1(");
}

/** @param {readonly string[]} texts in which names of the library stand */
function coreImport(texts) {
  const code = texts.join("\n").replaceAll(/\/\/.*|"[^"\n]*"/g, '""');
  const names = new Set(["definePolicy", ...[...code.matchAll(CORE)].map(([name]) => name)]);
  if (texts.length > 1) for (const name of ["permissionsFor", "type Scope"]) names.add(name);
  if (code.includes("ObjectContext<")) names.add("type ObjectContext");
  if (/\bextends BasePermission</.test(code)) names.add("BasePermission");
  const sorted = [...names].sort((one, other) => one.replace("type ", "").localeCompare(other.replace("type ", "")));
  return `import { ${sorted.join(", ")} } from "@portcullis/core";`;
}

/**
 * A guard does not ask about objects. The handler asks, and the policy declares that.
 *
 * @param {Given} given
 */
function withObjects({ text: trimmed, policy, aboutUsers }) {
  let text = trimmed;
  for (const { name, rule } of [...policy.actions].reverse()) {
    if (!aboutUsers.includes(name)) continue;
    const written = text.slice(rule.start, rule.end);
    text = `${text.slice(0, rule.start)}{ rule: ${written}, objects: "checked-by-handler" }${text.slice(rule.end)}`;
  }
  return text;
}

/** @param {Given} given */
function wsServer({ aboutUsers }) {
  const check = `
    if (${JSON.stringify(aboutUsers)}.includes(action)) {
      const about = await guarded.sessionOf(socket)?.decide(action, payload, { object: users.get(payload.user) });
      if (about?.outcome !== "allow") return answer(about?.status ?? 500, { code: about?.code });
    }`;
  return {
    imports: ['import { guard } from "@portcullis/adapter-ws";', 'import { WebSocketServer } from "ws";'],
    body: `const wss = new WebSocketServer({ port: 8080 });
${aboutUsers.length > 0 ? "const guarded = " : ""}guard(wss, policy, {
  authenticate: ({ headers }) => ({ user: findUser(headers.authorization) }),
});
wss.on("connection", (socket) => {
  // Only what the policy allows arrives here, in the order in which it was sent.
  socket.on("message", async (data) => {
    const { action, request_id, ...payload } = JSON.parse(String(data));
    const answer = (response_status: number, data: unknown) =>
      socket.send(JSON.stringify({ errors: [], data, action, response_status, request_id }));${aboutUsers.length > 0 ? check : ""}
    answer(200, payload);
  });
});`,
  };
}

/** @param {Given} given */
function socketioServer({ policy, aboutUsers }) {
  const listeners = policy.actions.map(({ name }) => {
    const event = JSON.stringify(name);
    if (!aboutUsers.includes(name)) return `  socket.on(${event}, (payload, answer) => reply(answer, { ok: true }));`;
    return `  socket.on(${event}, async (payload, answer) => {
    const about = await guarded.sessionOf(socket)?.decide(${event}, payload, { object: users.get(payload?.user) });
    reply(answer, about?.outcome === "allow" ? { ok: true } : { ok: false, error: { code: about?.code, status: about?.status } });
  });`;
  });
  return {
    imports: ['import { guard } from "@portcullis/adapter-socketio";', 'import { Server } from "socket.io";'],
    body: `// A client need not ask for an answer.
const reply = (answer: unknown, data: object) => {
  if (typeof answer === "function") answer(data);
};

const io = new Server(8080);
${aboutUsers.length > 0 ? "const guarded = " : ""}guard(io, policy, {
  authenticate: ({ handshake }) => ({ user: findUser(\`Bearer \${handshake.auth.token}\`) }),
});
io.on("connection", (socket) => {
  // Only what the policy allows arrives here, in the order in which it was sent.
${listeners.join("\n")}
});`,
  };
}

/** @param {Given} given */
function expressServer({ policy, aboutUsers }) {
  const routes = policy.actions.map(({ name }) => {
    const { method, path } = ROUTES.find(({ action }) => action === name) ?? {
      method: "post",
      path: `/actions/${name}`,
    };
    const object = aboutUsers.includes(name) ? ", { object: (_request, { user }) => users.get(String(user)) }" : "";
    const route = JSON.stringify(path);
    return `app.${method}(${route}, toExpress(policy, ${JSON.stringify(name)}${object}), (_request, response) => {
  response.json({ ok: true });
});`;
  });
  return {
    imports: ['import { toExpress } from "@portcullis/adapter-express-bridge";', 'import express from "express";'],
    body: `const app = express();
app.use(express.json(), (request, _response, next) => {
  Object.assign(request, { user: findUser(request.get("authorization")) });
  next();
});
${routes.join("\n")}
app.listen(8080);`,
  };
}
