// Code of a user of the core alone, without Node. The runtime's own WebSocket server in `serve.ts` asks the core. `bun`
// and `deno` both run it.
import assert from "node:assert/strict";
import {
  allow,
  and,
  type Consumer,
  IsAuthenticated,
  type Payload,
  PermissionMisuse,
  permissionsFor,
} from "@portcullis/core";
import { consumersFor } from "@portcullis/core/consumer";
import { explain } from "@portcullis/core/explain";
import { serve } from "./serve.ts";

export interface AppScope {
  readonly user: { readonly name: string } | null;
}

/** The decisions that `serve.ts` needs for each connection and each message. */
export interface Serving {
  connect(url: string): Promise<{ status: number; scope: AppScope }>;
  message(scope: AppScope, text: string): Promise<string>;
}

export interface Server {
  readonly runtime: string;
  readonly port: number;
  stop(): Promise<void>;
}

const { permission, definePolicy } = permissionsFor<AppScope>();
const isAnn = permission("isAnn", ({ scope }) => scope.user?.name === "ann" && allow({ rank: 7 }));
const never = permission("never", () => new Promise<boolean>(() => {}));
const policy = definePolicy({
  connect: IsAuthenticated,
  actions: { ping: IsAuthenticated, "ann.only": and(IsAuthenticated, isAnn), never },
  timeout: { action: 50 },
});
// @ts-expect-error There is no such rule.
const mistyped = () => definePolicy({ actions: { ping: 7 } });
const consumer: Consumer = { id: "1", transport: "own", raw: undefined, close() {} };

const server = serve({
  async connect(url) {
    const name = new URL(url).searchParams.get("name");
    const scope: AppScope = { user: name ? { name } : null };
    const { outcome, status } = await policy.decideConnect(scope, consumer);
    return { status: outcome === "allow" ? 101 : status, scope };
  },
  async message(scope, text) {
    const { action, ...payload } = JSON.parse(text) as Payload & { action: string };
    const { outcome, status, code } = await policy.decide(scope, consumer, action, payload);
    return JSON.stringify(outcome === "allow" ? { action, status: 200 } : { action, status, code });
  },
});

async function ask(name: string, ...actions: string[]): Promise<string[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/?name=${name}`);
  const answers: string[] = [];
  return await new Promise((resolve, reject) => {
    socket.onerror = () => reject(new Error("refused"));
    socket.onopen = () => {
      for (const action of actions) socket.send(JSON.stringify({ action }));
    };
    socket.onmessage = ({ data }) => {
      if (answers.push(String(data)) < actions.length) return;
      socket.close();
      resolve(answers);
    };
  });
}

const refused = await fetch(`http://127.0.0.1:${server.port}/`);
assert.equal(refused.status, 401);
await assert.rejects(ask("", "ping"));
assert.deepEqual(await ask("ann", "ping", "ann.only"), [
  '{"action":"ping","status":200}',
  '{"action":"ann.only","status":200}',
]);
assert.deepEqual(await ask("bob", "ann.only"), ['{"action":"ann.only","status":403,"code":"permission_denied"}']);
assert.deepEqual(await ask("bob", "unknown"), ['{"action":"unknown","status":405,"code":"unknown_action"}']);
assert.deepEqual(await ask("bob", "never"), ['{"action":"never","status":503,"code":"permission_timeout"}']);

const explained = await explain(policy, { user: { name: "bob" } }, consumer, "ann.only");
assert.equal(explained.rule?.outcome, "deny");
const served = consumersFor<AppScope>()
  .defineConsumer()
  .action("rank", and(IsAuthenticated, isAnn), ({ evidence, scope }) => `${scope.user.name}, ${evidence.rank}`);
assert.ok(served);
assert.equal(typeof mistyped, "function");
assert.throws(mistyped, PermissionMisuse);
console.log(`${server.runtime}: refused 401, then 200, 200, 403, 405, 503`);
await server.stop();
