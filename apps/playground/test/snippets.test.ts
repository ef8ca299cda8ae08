import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { COMPILER_OPTIONS } from "../../../test/examples.js";
import { requestFor } from "../public/shared/routes.js";
import { snippetFor, type Target } from "../public/shared/snippets.js";
import { FIRST_POLICY } from "../src/policy-text.mjs";
import { describeRules } from "../src/rule-sources.mjs";
import { start } from "../src/start.mjs";
import { ASK, change } from "./asking.js";

const FOLDER = fileURLToPath(new URL(".examples", import.meta.url));
const KNOWN = describeRules(["NotBanned", "isMember", "hasLink", "isOneself", "isCalm"]);
const TARGETS: Target[] = ["ws", "socket.io", "express"];
const POLICIES = {
  first: FIRST_POLICY,
  other: `
    definePolicy({
      connect: IsAuthenticated,
      actions: { "chat.send": or(HasRole("admin"), and(isMember, not(isCalm))), ping: isCalm, "chat.fly": AllowAny }
    })`,
  small: "definePolicy({ actions: { ping: IsAuthenticated, 'chat.send': not(IsAuthenticated) } });",
};

const fileOf = (policy: string, target: Target, ending: string) => join(FOLDER, `${policy}-${target}.${ending}`);
const programs = Object.entries(POLICIES).flatMap(([name, text]) =>
  TARGETS.map((target) => ({ name, text, target, source: snippetFor(target, text, KNOWN) })),
);

beforeAll(() => {
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, target, source } of programs) writeFileSync(fileOf(name, target, "ts"), source);
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

it("the programs on the page are TypeScript without a complaint, whatever the policy", { timeout: 60_000 }, () => {
  const program = ts.createProgram(
    programs.map(({ name, target }) => fileOf(name, target, "ts")),
    { ...COMPILER_OPTIONS, noImplicitOverride: true, noUnusedLocals: true },
  );
  const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName.slice(FOLDER.length)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
  expect(found).toEqual([]);
});

it.each(TARGETS)("the program for %s installs unreleased packages as the README does", (target) => {
  const source = snippetFor(target, FIRST_POLICY, KNOWN);
  const [, files = ""] = /beside it: npm install (.*)/.exec(source) ?? [];
  const [, packages = ""] = /^\/\/ When it is released: npm install (.*)$/m.exec(source) ?? [];
  expect(source).toMatch(
    /^\/\/ Nothing is released yet\. In a clone, `npm ci && npm run build && npm pack -w packages`$/m,
  );
  expect(files.replaceAll(/\.\.\/portcullis\/portcullis-([\w-]+)-\*\.tgz/g, "@portcullis/$1")).toBe(packages);
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a program on the built packages, until it listens. */
async function run(name: string, target: Target, source: string) {
  const port = await freePort();
  const { outputText } = ts.transpileModule(source.replaceAll("8080", String(port)), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
  });
  const file = fileOf(name, target, "mjs");
  writeFileSync(file, outputText);
  const child: ChildProcess = spawn(process.execPath, [file], { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr?.on("data", (data) => {
    complaints += data;
  });
  const url = `http://127.0.0.1:${port}`;
  const isUp = async () =>
    child.exitCode !== null ||
    (await fetch(url).then(
      () => true,
      () => false,
    ));
  await expect.poll(isUp, { timeout: 20_000, interval: 50 }).toBe(true);
  expect(complaints).toBe("");
  return { url, stop: () => child.kill() };
}

type Told = { status: number; code: string | undefined };

/** Asks a program as one of its users; 200 where its handler has answered. */
const ASK_PROGRAM = {
  ws: (url, account, action, payload) =>
    new Promise((resolve, reject) => {
      const headers = account ? { authorization: `Bearer token-of-${account}` } : {};
      const socket = new WebSocket(url.replace("http", "ws"), { headers });
      socket.on("unexpected-response", (_request, { statusCode = 0 }) =>
        resolve({ status: statusCode, code: undefined }),
      );
      socket.on("error", reject);
      socket.on("open", () => socket.send(JSON.stringify({ action, request_id: 1, ...payload })));
      socket.on("message", (data) => {
        const { response_status: status } = JSON.parse(String(data));
        resolve({ status, code: undefined });
        socket.close();
      });
    }),
  "socket.io": (url, account, action, payload) =>
    new Promise((resolve) => {
      const socket = io(url, {
        transports: ["websocket"],
        reconnection: false,
        forceNew: true,
        auth: { token: `token-of-${account}` },
      });
      socket.on("connect_error", (error) => {
        const { status, code } = (error as Error & { data: Told }).data;
        resolve({ status, code });
      });
      socket.on("connect", async () => {
        const { ok, error } = await socket.emitWithAck(action, payload);
        resolve(ok ? { status: 200, code: undefined } : { status: error.status, code: error.code });
        socket.close();
      });
    }),
  express: async (url, account, action, payload) => {
    const { method, path, body } = requestFor(action, payload);
    const response = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer token-of-${account}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    const { code } = (await response.json()) as Told;
    return { status: response.status, code };
  },
} satisfies Record<
  Target,
  (url: string, account: string | undefined, action: string, payload: Record<string, unknown>) => Promise<Told>
>;

describe("a program on the page", { timeout: 60_000 }, () => {
  const questions: [string | undefined, string, Record<string, unknown>][] = [
    [undefined, "chat.send", { text: "Hello" }],
    ["guest", "chat.send", { text: "Hello" }],
    ["member", "chat.send", { text: "Hello" }],
    ["member", "chat.send", { text: "https://a.example" }],
    ["admin", "chat.send", { text: "https://a.example" }],
    [undefined, "ping", {}],
    ["admin", "user.ban", { user: "member" }],
    ["admin", "user.ban", { user: "admin" }],
    ["member", "user.ban", { user: "guest" }],
  ];

  it.each(TARGETS)("answers as the playground does: %s", async (target) => {
    const { url, stop } = await run("first", target, snippetFor(target, FIRST_POLICY, KNOWN));
    const playground = await start();
    for (const [account, action, payload] of questions) {
      const { status, code } = await ASK_PROGRAM[target](url, account, action, payload);
      const expected = await ASK.ws(playground.url, account, action, payload);
      expect(status, `${account} ${action}`).toBe(expected.status);
      if (code) expect(code).toBe(expected.code);
      await ASK.ws(playground.url, "admin", "user.unban", { user: "member" });
    }
    stop();
    await playground.close();
  });

  it("lives when an event comes without what its listener takes: socket.io", async () => {
    const { url, stop } = await run("first", "socket.io", snippetFor("socket.io", FIRST_POLICY, KNOWN));
    const socket = io(url, { reconnection: false, forceNew: true, auth: { token: "token-of-admin" } });
    for (const action of ["chat.send", "ping", "user.ban"]) {
      for (const given of [[], [null], [7], [{}], [{}, null], [{}, 7]]) socket.emit(action, ...given);
    }
    expect(await socket.emitWithAck("user.ban", null)).toHaveProperty("ok");
    expect(await socket.emitWithAck("user.ban", { user: "admin" })).toMatchObject({ ok: false });
    expect(await socket.emitWithAck("ping", {})).toEqual({ ok: true });
    socket.close();
    stop();
  });

  it("follows another policy, also at connect", async () => {
    const { url, stop } = await run("other", "ws", snippetFor("ws", POLICIES.other, KNOWN));
    const playground = await start();
    expect((await change(playground.url, "policy", { text: POLICIES.other })).status).toBe(200);
    expect(await ASK_PROGRAM.ws(url, undefined, "chat.fly", {})).toMatchObject({ status: 401 });
    expect(await ASK_PROGRAM.ws(url, "guest", "chat.fly", {})).toMatchObject({ status: 200 });
    expect(await ASK_PROGRAM.ws(url, "guest", "ping", {})).toMatchObject({ status: 200 });
    expect(await ASK_PROGRAM.ws(url, "guest", "ping", {})).toMatchObject({ status: 429 });
    stop();
    await playground.close();
  });
});
