import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { guard } from "@portcullis/adapter-ws";
import ts from "typescript";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket, type WebSocketServer } from "ws";
import { type Example, findExamples } from "./examples.js";
import { deferred, until } from "./helpers.js";

interface Recipe {
  readonly wss: WebSocketServer;
  readonly guarded: ReturnType<typeof guard>;
  readonly store: Map<string, object>;
  signOut(id: string): void;
}

/** A folder of its own, because the test of the other examples recreates theirs. */
const folder = fileURLToPath(new URL("recipes.examples/", import.meta.url));
const clients: WebSocket[] = [];
let recipe: Recipe;
let count = 0;

beforeEach(async () => {
  const isRecipe = ({ place, source }: Example) => place.startsWith("docs/security.md") && source.includes("signOut(");
  const { source = "" } = findExamples().find(isRecipe) ?? {};
  const { outputText } = ts.transpileModule(source.replace("8080", "0"), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
  });
  count += 1;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${count}.mjs`, outputText);
  recipe = await import(pathToFileURL(`${folder}${count}.mjs`).href);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await new Promise((resolve) => recipe.wss.close(resolve));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A client of ann, with its state: open, or the way it ended. */
function connect(): { client: WebSocket; state: () => string } {
  const { port } = recipe.wss.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { authorization: "Bearer ann" } });
  clients.push(client);
  let state = "";
  client.on("error", () => {});
  client.on("open", () => {
    state ||= "open";
  });
  client.on("unexpected-response", (_request, response) => {
    state = String(response.statusCode);
  });
  client.on("close", (code) => {
    state = String(code);
  });
  return { client, state: () => state };
}

test("the recipe for a limit holds for parallel handshakes", async () => {
  const all = Array.from({ length: 9 }, connect);
  await until(() => all.filter(({ state }) => /\d/.test(state())).length >= 4, "those beyond the limit are told");
  expect(recipe.guarded.sessions.size).toBe(5);
  const late = connect();
  await until(() => late.state() !== "");
  expect(late.state()).toBe("429");
  all.find(({ state }) => state() === "open")?.client.close();
  await until(() => recipe.guarded.sessions.size === 4);
  const next = connect();
  await until(() => next.state() !== "");
  expect(next.state()).toBe("open");
});

test("the recipe for a limit keeps connections that are asked again", async () => {
  const all = Array.from({ length: 5 }, connect);
  await until(() => recipe.guarded.sessions.size === 5 && all.every(({ state }) => state() === "open"));
  const decisions = await Promise.all([...recipe.guarded.sessions].map((session) => session.refresh()));
  expect(decisions.map(({ code }) => code)).toEqual(Array(5).fill("allowed"));
  expect(recipe.guarded.sessions.size).toBe(5);
});

test("the recipe for signing out ends a pending handshake", async () => {
  const { get } = Map.prototype;
  const asked = deferred<void>();
  const held = deferred<void>();
  vi.spyOn(recipe.store, "get").mockImplementationOnce(((token: string) => {
    // The store has answered, and the answer is not read yet.
    const user = get.call(recipe.store, token);
    asked.resolve();
    return held.promise.then(() => user);
  }) as never);
  const open = connect();
  await asked.promise;
  const other = connect();
  await until(() => other.state() === "open");
  recipe.store.delete("Bearer ann");
  recipe.signOut("ann");
  held.resolve();
  await until(() => open.state() !== "" && open.state() !== "open" && other.state() !== "open");
  expect([open.state(), other.state(), recipe.guarded.sessions.size]).toEqual(["4401", "4401", 0]);
});

test("the recipe for signing out admits a new sign-in", async () => {
  recipe.signOut("ann");
  const again = connect();
  await until(() => again.state() !== "");
  expect(again.state()).toBe("open");
});
