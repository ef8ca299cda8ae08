import { attack, describeFindings, type HoleName } from "@portcullis/testing/attack";
import type { Server, Socket } from "socket.io";
import { describe, expect, test } from "vitest";
import { sleep } from "../../../test/helpers.js";
import {
  type Acknowledge,
  type Change,
  forgettingRulesOf,
  HANDSHAKE,
  hastyRulesOf,
  type Note,
  rulesWithoutTable,
  staleRulesOf,
  startAttacked,
  textRulesOf,
} from "./attacked-server.js";

const ATTACKER = "https://attacker.example";
const HOURS = 1_000_000;
/** Milliseconds to wait for an event that never comes, shorter than elsewhere. */
const HURRIED = 2_500;
const LIMITS = { handshake: HANDSHAKE, pendingMessages: 10 };

/** An application that finds its handler by name, in an ordinary object. */
const lookingUp =
  (methods: object) =>
  (note: Note) =>
  (socket: Socket): void => {
    socket.onAny((event: string, payload: unknown, acknowledge: Acknowledge) => {
      if (typeof (methods as Record<string, unknown>)[event] !== "function") {
        acknowledge?.({ ok: false });
        return;
      }
      note(payload);
      acknowledge?.({ ok: true });
    });
  };

const ACTIONS = { ping() {}, post() {}, work() {} };

/** An application that waits before it performs the allowed action. */
const taking =
  (time: (event: string) => number, isInOrder: boolean) =>
  (note: Note) =>
  (socket: Socket): void => {
    let before: Promise<unknown> = Promise.resolve();
    for (const event of ["ping", "post", "work"]) {
      socket.on(event, (payload: unknown, acknowledge: Acknowledge) => {
        before = (isInOrder ? before : Promise.resolve())
          .then(() => sleep(time(event)))
          .then(() => {
            note(payload);
            acknowledge?.({ ok: true });
          });
      });
    }
  };

/** An application that adds its listeners after a lookup. */
const listeningLate =
  (note: Note) =>
  async (socket: Socket): Promise<void> => {
    await sleep(20);
    for (const event of ["ping", "post", "work"]) {
      socket.on(event, (payload: unknown, acknowledge: Acknowledge) => {
        note(payload);
        acknowledge?.({ ok: true });
      });
    }
  };

interface Packet {
  readonly type: number;
  readonly data?: unknown[];
}
interface Inside {
  onevent(packet: Packet): void;
  packet(packet: Packet, options?: unknown): void;
}
const inside = (socket: Socket) => socket as unknown as Inside;

/** Adds code in front of the guard on every socket. */
const inFront = (io: Server, hear: (socket: Socket, packet: Packet, pass: () => void) => void) =>
  io.on("connection", (socket) => {
    const gated = inside(socket).onevent;
    inside(socket).onevent = (packet) => hear(socket, packet, () => gated.call(socket, packet));
  });

/** The defences of a guarded server, each with the change that removes it. */
const WITHOUT: Readonly<Record<HoleName, Change>> = {
  "cross-site-origin": { options: (origin) => ({ origins: [origin, ATTACKER] }) },
  "cookies-without-origin": { options: (origin) => ({ origins: [origin, null] }) },
  "early-messages": { application: listeningLate },
  "prototype-names": { rules: rulesWithoutTable, application: lookingUp(ACTIONS) },
  "methods-as-actions": {
    rules: rulesWithoutTable,
    application: lookingUp(Object.assign(Object.create(null), ACTIONS, { close() {}, reply() {} })),
  },
  "other-entrances": { place: (io) => io.of("/") as unknown as Server },
  "binary-twins": { rules: textRulesOf },
  "unanswered-denials": {
    patience: HURRIED,
    patch: (io) =>
      io.use((socket, next) => {
        const { packet } = inside(socket);
        inside(socket).packet = (sent, options) => {
          const isDenial = sent.type === 3 && (sent.data?.[0] as { ok?: boolean } | undefined)?.ok === false;
          if (!isDenial) packet.call(socket, sent, options);
        };
        next();
      }),
  },
  "leaking-denials": {
    options: () => ({ denied: (refusal) => ({ ok: false, error: { ...refusal, stack: new Error("denied").stack } }) }),
  },
  "any-listeners": {
    patch: (io) =>
      inFront(io, (socket, { data }, pass) => {
        for (const listener of socket.listenersAny()) listener(...(data ?? []));
        pass();
      }),
  },
  "reordered-messages": { application: taking((event) => (event === "work" ? 20 : 0), false) },
  "stale-rules": { rules: staleRulesOf },
  "recovery-after-ban": { rules: forgettingRulesOf },
  "oversized-messages": { largest: 1_000_000 },
  "unread-answers": { options: () => ({ limits: { ...LIMITS, pendingMessages: 1_000_000, unread: 1e9 } }) },
  "vanished-clients": { application: taking((event) => (event === "work" ? 100 : 0), true), rules: hastyRulesOf },
  "unfinished-handshakes": { patience: HURRIED, options: () => ({ limits: { ...LIMITS, handshake: HOURS } }) },
  "reserved-events": {
    patch: (io) =>
      inFront(io, (socket, packet, pass) => {
        const { onevent } = Object.getPrototypeOf(socket) as Inside;
        if (packet.data?.[0] === "error") onevent.call(socket as never, packet);
        else pass();
      }),
  },
  "bad-packets": {
    // An error of one connection ends the process, as without an `error` listener.
    patch: (io, http) =>
      io.on("connection", (socket) => {
        socket.on("disconnect", (reason, description) => {
          if (reason !== "transport error" || !/Invalid WebSocket/.test(Object(description).message)) return;
          http.close();
          io.disconnectSockets(true);
        });
      }),
  },
};

async function holesOf(change?: Change) {
  const { url, attackOptions, stop } = await startAttacked(change);
  try {
    const findings = await attack(url, attackOptions);
    const names = (held: unknown) => findings.filter((finding) => finding.held === held).map(({ hole }) => hole);
    return { open: names(false), left: names("not applicable"), text: describeFindings(findings) };
  } finally {
    await stop();
  }
}

describe.concurrent("a guarded server", () => {
  test("holds against all there is", async () => {
    const { open, left, text } = await holesOf();
    expect(open, text).toEqual([]);
    expect(left).toEqual([]);
  }, 120_000);

  test.each(Object.entries(WITHOUT))(
    "has one hole where its defence is taken out: %s",
    async (hole, change) => {
      const { open, text } = await holesOf(change);
      expect(open, text).toEqual([hole]);
    },
    60_000,
  );
});
