import { attack, describeFindings, type HoleName } from "@portcullis/testing/attack";
import { describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { sleep } from "../../../test/helpers.js";
import { dcrf } from "../src/index.js";
import {
  type Application,
  answering,
  type Change,
  hastyRulesOf,
  type Listener,
  rulesWithoutTable,
  staleRulesOf,
  startAttacked,
} from "./attacked-server.js";

const ATTACKER = "https://attacker.example";
const HOURS = 1_000_000;
/** Milliseconds to wait for an event that never comes. */
const HURRIED = 2_500;
const codec = dcrf();

/** An application that looks up its handler by name in an ordinary object. */
const lookingUp =
  (methods: object): Listener =>
  (handled) =>
    answering(({ action, payload }, answer) => {
      const method = (methods as Record<string, unknown>)[action];
      if (typeof method !== "function") return answer("There is no such action.", 405);
      handled.add(payload.marker);
      answer("done");
    });

const ACTIONS = { ping() {}, post() {}, work() {} };

/** An application that handles each allowed message after a delay in milliseconds. */
const taking =
  (time: (action: string) => number, isInOrder: boolean): Listener =>
  (handled) =>
  (socket: WebSocket) => {
    let before = Promise.resolve();
    const application: Application = ({ action, payload }, answer) => {
      const waited = isInOrder ? before : Promise.resolve();
      before = waited
        .then(() => sleep(time(action)))
        .then(() => {
          handled.add(payload.marker);
          answer("done");
        });
    };
    answering(application)(socket);
  };

/** For each hole, the change that removes the defence against it. */
const WITHOUT: Partial<Record<HoleName, Change>> = {
  "cross-site-origin": { options: (origin) => ({ origins: [origin, ATTACKER] }) },
  "cookies-without-origin": { options: (origin) => ({ origins: [origin, null] }) },
  "early-messages": {
    // Bytes that arrived together with the handshake are dropped.
    patch(wss, http) {
      const { handleUpgrade } = wss;
      http.removeAllListeners("upgrade");
      http.on("upgrade", (request, socket) =>
        handleUpgrade.call(wss, request, socket, Buffer.alloc(0), (client) => wss.emit("connection", client, request)),
      );
    },
  },
  "prototype-names": { rules: rulesWithoutTable, application: lookingUp(ACTIONS) },
  "methods-as-actions": {
    rules: rulesWithoutTable,
    application: lookingUp(Object.assign(Object.create(null), ACTIONS, { close() {}, reply() {} })),
  },
  "other-entrances": {
    patch(wss, http) {
      const other = new WebSocketServer({ noServer: true });
      const [guarded] = http.listeners("upgrade") as ((...values: unknown[]) => void)[];
      http.removeAllListeners("upgrade");
      http.on("upgrade", (request, socket, head) => {
        if (request.url !== "/elsewhere") return guarded?.call(wss, request, socket, head);
        other.handleUpgrade(
          request,
          socket,
          head,
          answering((_message, answer) => answer("done")),
        );
      });
    },
  },
  "binary-twins": {
    // The codec decodes text frames only, and the application handles both.
    options: () => ({
      codec: { ...codec, decode: (frame) => (typeof frame === "string" ? codec.decode(frame) : { action: "ping" }) },
    }),
  },
  "unanswered-denials": { patience: HURRIED, options: () => ({ codec: { ...codec, denied: () => undefined } }) },
  "leaking-denials": {
    options: () => ({
      codec: {
        ...codec,
        denied: (request, refusal) => {
          const frame = JSON.parse(codec.denied(request, refusal) as string);
          return JSON.stringify({ ...frame, data: { payload: request.payload } });
        },
      },
    }),
  },
  "reordered-messages": { application: taking((action) => (action === "work" ? 20 : 0), false) },
  "stale-rules": {
    rules: staleRulesOf,
  },
  "oversized-messages": { largest: 1_000_000 },
  "unread-answers": { options: () => ({ limits: { handshake: 500, pendingBytes: 1e9, unread: 1e9 } }) },
  "vanished-clients": { application: taking((action) => (action === "work" ? 100 : 0), true), rules: hastyRulesOf },
  "unfinished-handshakes": {
    patience: HURRIED,
    options: () => ({ limits: { handshake: HOURS, pendingBytes: 65_536 } }),
  },
  "bad-packets": {
    // An error of one connection ends the service, as it does without an error listener.
    patch(wss, http) {
      wss.on("connection", (socket) => {
        socket.on("error", ({ message }) => {
          if (message.startsWith("Max payload")) return;
          http.close();
          http.closeAllConnections();
          for (const client of wss.clients) client.terminate();
        });
      });
    },
  },
};

const holesOf = async (change?: Change) => {
  const { url, attackOptions, stop } = await startAttacked(change);
  try {
    const findings = await attack(url, attackOptions);
    return {
      open: findings.filter(({ held }) => held === false).map(({ hole }) => hole),
      text: describeFindings(findings),
      findings,
    };
  } finally {
    await stop();
  }
};

describe.concurrent("a guarded server", () => {
  test("holds against all attacks for ws", async () => {
    const { open, text, findings } = await holesOf();
    expect(open, text).toEqual([]);
    const left = findings.filter(({ held }) => held === "not applicable").map(({ hole }) => hole);
    expect(left).toEqual(["any-listeners", "recovery-after-ban", "reserved-events"]);
  }, 120_000);

  test.each(Object.entries(WITHOUT))(
    "has one hole without its defence: %s",
    async (hole, change) => {
      const { open, text } = await holesOf(change);
      expect(open, text).toEqual([hole]);
    },
    60_000,
  );
});
