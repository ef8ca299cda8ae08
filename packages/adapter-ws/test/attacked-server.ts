import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AllowAny, definePolicy, deny, permission } from "@portcullis/core";
import type { AttackOptions } from "@portcullis/testing/attack";
import { type WebSocket, WebSocketServer } from "ws";
import { sleep } from "../../../test/helpers.js";
import { guard, type PolicyFor, type WsGuardOptions } from "../src/index.js";

/** Milliseconds that the rule of `work` takes. */
const SLOW = 100;
const LARGEST = 65_536;
/** Milliseconds. Long, because tests run in parallel and on busy machines. */
const PATIENCE = 8_000;
const HANDSHAKE = 500;
/** So long that few unread refusals fill the socket buffers of the kernel. */
const REASON = "You may not post. ".repeat(150);

/** The user of a session cookie. */
export type User = { readonly id: string; readonly mightPost: boolean } | null;

/** The handling of one message. */
export type Application = (message: { action: string; payload: Record<string, unknown> }, answer: Answer) => void;
export type Answer = (data: unknown, status?: number) => void;

/** A connection listener that records the markers of handled messages. */
export type Listener = (handled: Set<unknown>) => (socket: WebSocket) => void;

/** Differences from a fully guarded server. */
export interface Change {
  readonly options?: (origin: string) => WsGuardOptions;
  readonly rules?: (accounts: Accounts) => object;
  readonly largest?: number;
  /** Milliseconds that the kit waits for an expected event. */
  readonly patience?: number;
  readonly application?: Listener;
  /** Changes the server after it is guarded. */
  readonly patch?: (wss: WebSocketServer, http: ReturnType<typeof createServer>) => void;
}

/** Accounts with rights that may change. */
export class Accounts {
  readonly banned = new Set<string>();

  mayPost(user: unknown): boolean {
    const { id = "" } = Object(user) as { id?: string };
    return id === "ann" && !this.banned.has(id);
  }

  userOf(cookie = ""): User {
    const id = /session=(\w+)/.exec(cookie)?.[1];
    return id === undefined ? null : { id, mightPost: this.mayPost({ id }) };
  }
}

const isWelcome = permission("isWelcome", { connect: ({ scope }) => (scope.user as User)?.id !== "eve" });

/** Denies with a reason, unless it is true. */
const orSay = (isSo: boolean) => isSo || deny("not_yours", { reason: REASON });

/** Rules without a table of actions, so that every other action reaches the application. */
export const rulesWithoutTable = (accounts: Accounts) => ({
  connect: isWelcome,
  permissions: permission("mayPost", ({ scope, action }) => orSay(action !== "post" || accounts.mayPost(scope.user))),
});

/** Rules for each action. */
export const rulesOf = (accounts: Accounts) => ({
  connect: isWelcome,
  actions: {
    ping: AllowAny,
    post: permission("mayPost", ({ scope }) => orSay(accounts.mayPost(scope.user))),
    work: permission("afterAWhile", async () => {
      await sleep(SLOW);
      return true;
    }),
  },
});

/** Rules that read rights as they were at connect. */
export const staleRulesOf = (accounts: Accounts) => {
  const rules = rulesOf(accounts);
  const mightPost = permission("mightPost", ({ scope }) => orSay((scope.user as User)?.mightPost === true));
  return { ...rules, actions: { ...rules.actions, post: mightPost } };
};

/** Rules that leave the delay of `work` to the application. */
export const hastyRulesOf = (accounts: Accounts) => {
  const rules = rulesOf(accounts);
  return { ...rules, actions: { ...rules.actions, work: AllowAny } };
};

function readJson(text: string): { action: string; request_id: unknown; [key: string]: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An application that passes every message to a handler, with a function to answer. */
export const answering =
  (application: Application) =>
  (socket: WebSocket): void => {
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const message = readJson(String(data));
      if (message === undefined) return;
      const { action, request_id, ...payload } = message;
      application({ action, payload }, (answer, response_status = 200) => {
        const errors = response_status < 400 ? [] : [answer];
        socket.send(JSON.stringify({ errors, data: answer, action, response_status, request_id }));
      });
    });
  };

/** A running server, with the options to attack it. */
export interface Attacked {
  readonly url: string;
  readonly attackOptions: AttackOptions;
  stop(): Promise<void>;
}

/** Starts a guarded server with a change. */
export async function startAttacked(change: Change = {}): Promise<Attacked> {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, maxPayload: change.largest ?? LARGEST });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const accounts = new Accounts();
  const handled = new Set<unknown>();
  const options = {
    origins: [`http://127.0.0.1:${port}`],
    limits: { handshake: HANDSHAKE, pendingBytes: LARGEST },
    ...change.options?.(`http://127.0.0.1:${port}`),
  };
  const policy = definePolicy((change.rules ?? rulesOf)(accounts)) as PolicyFor<unknown>;
  const guarding = guard(wss, policy, {
    authenticate: ({ headers }) => ({ user: accounts.userOf(headers.cookie) }),
    ...options,
  });
  const noting = () =>
    answering(({ payload }, answer) => {
      handled.add(payload.marker);
      answer("done");
    });
  wss.on("connection", (change.application ?? noting)(handled));
  change.patch?.(wss, http);
  return {
    url: `ws://127.0.0.1:${port}`,
    attackOptions: {
      protocol: "dcrf",
      accounts: accountsOf(),
      actions: { open: { action: "ping" }, guarded: { action: "post" }, slow: { action: "work" } },
      entrances: ["/elsewhere"],
      handled: (marker) => handled.has(marker),
      connections: () => guarding.sessions.size,
      revoke: () => accounts.banned.add("ann"),
      restore: () => accounts.banned.clear(),
      limits: { handshake: HANDSHAKE, message: LARGEST, unread: 5_000, timeout: change.patience ?? PATIENCE },
    },
    async stop() {
      for (const socket of wss.clients) socket.terminate();
      http.closeAllConnections();
      wss.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export const accountsOf = (): AttackOptions["accounts"] => ({
  allowed: { headers: { cookie: "session=ann" } },
  denied: { headers: { cookie: "session=bob" } },
  refused: { headers: { cookie: "session=eve" } },
});
