import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { StubConnection } from "../../test/stub-connection.js";
import { NOT_READING, type ReadControl } from "./fair-scheduling.js";
import { UnreadAnswers } from "./unread-answers.js";

/** What one answer counts in addition to its own bytes. */
const ENVELOPE = 64;

/** The answers of one client, and the sessions of two namespaces. */
function answering(limit = 1_000) {
  const connection = new StubConnection();
  const calls: unknown[] = [];
  const reading = {
    pauseReading: (reason: number) => calls.push(["pause", reason]),
    resumeReading: (reason: number) => calls.push(["resume", reason]),
  };
  const answers = new UnreadAnswers(connection.bare, limit, reading as unknown as ReadControl);
  const session = (name: string, unblock = () => {}) => ({
    block: () => void calls.push(`${name} blocks`),
    unblock: () => {
      calls.push(`${name} unblocks`);
      unblock();
    },
  });
  /** Sends an answer of that many characters, in packets. */
  const send = (...sizes: (number | undefined)[]) => {
    const packet = () => {
      for (const size of sizes) connection.emit("packetCreate", size === undefined ? {} : { data: "x".repeat(size) });
    };
    return answers.send({ packet } as never, { type: 3 });
  };
  const flush = () => connection.emit("flush");
  const drain = () => connection.transport.emit("drain");
  return { connection, answers, calls, session, send, flush, drain };
}

describe("a client that does not read", () => {
  test("is paused with all its sessions at the limit", () => {
    const { answers, calls, session, send } = answering();
    answers.join(session("a"), 1_000);
    answers.join(session("b"), 1_000);
    send(999 - ENVELOPE);
    expect([calls, answers.isFull]).toEqual([[], false]);
    send(0);
    expect([calls, answers.isFull]).toEqual([[["pause", NOT_READING], "a blocks", "b blocks"], true]);
  });

  test("is cut off at twice the limit", () => {
    const { send, answers } = answering();
    expect([send(5_000), send(5_000), send(0), answers.charge(0)]).toEqual([true, true, false, false]);
  });

  test("blocks a session that joins late, and none that has parted", () => {
    const { answers, calls, session, send, flush, drain } = answering();
    const gone = session("gone");
    answers.join(gone, 1_000);
    answers.part(gone);
    send(2_000);
    answers.join(session("late"), 1_000);
    flush();
    drain();
    expect(calls).toEqual([["pause", NOT_READING], "late blocks", ["resume", NOT_READING], "late unblocks"]);
  });

  test("keeps the sessions blocked that the first ones fill up", () => {
    const { answers, calls, session, send, flush, drain } = answering();
    answers.join(
      session("a", () => send(2_000)),
      1_000,
    );
    answers.join(session("b"), 1_000);
    send(2_000);
    flush();
    drain();
    expect(calls.slice(3)).toEqual([
      ["resume", NOT_READING],
      "a unblocks",
      ["pause", NOT_READING],
      "a blocks",
      "b blocks",
    ]);
    expect(answers.isFull).toBe(true);
  });
});

describe("the limit of a client", () => {
  test("is the largest of its guards", () => {
    const { answers, session, send } = answering(100);
    answers.join(session("large"), 1_000);
    answers.join(session("small"), 10);
    send(999 - ENVELOPE);
    expect(answers.isFull).toBe(false);
    send(0);
    expect(answers.isFull).toBe(true);
  });

  test("counts one answer of several packets at most whole", () => {
    const { send, answers } = answering();
    send(600, 600, 600);
    expect([answers.isFull, send(0), send(0)]).toEqual([true, true, true]);
  });

  test("is raised for the packets of one answer too", () => {
    const { answers, session, send } = answering(100);
    answers.join(session("large"), 10_000);
    send(5_000, 9_000);
    expect(answers.isFull).toBe(true);
  });
});

describe("what counts as an answer", () => {
  test("are no packets of the application", () => {
    const { connection, answers } = answering();
    for (let n = 0; n < 100; n++) connection.emit("packetCreate", { data: "x".repeat(1_000) });
    expect(answers.isFull).toBe(false);
  });

  test("are no packets after an answer that throws", () => {
    const { connection, answers } = answering();
    const packet = () => {
      throw new Error("of the parser");
    };
    expect(() => answers.send({ packet } as never, { type: 3 })).toThrow("of the parser");
    connection.emit("packetCreate", { data: "x".repeat(5_000) });
    expect(answers.isFull).toBe(false);
  });

  test("is a packet without data", () => {
    const { send, answers } = answering(10 * ENVELOPE);
    for (let n = 0; n < 9; n++) send(undefined);
    expect(answers.isFull).toBe(false);
    send(undefined);
    expect(answers.isFull).toBe(true);
  });

  test("is an answer of socket.io with 256 characters more", () => {
    const { answers } = answering();
    answers.charge(999 - ENVELOPE - 256);
    expect(answers.isFull).toBe(false);
    answers.charge(0);
    expect(answers.isFull).toBe(true);
  });
});

describe("an answer counts as read", () => {
  test("when the transport has drained its last frame", () => {
    const { answers, send, flush, drain } = answering();
    send(5_000);
    drain();
    expect(answers.isFull).toBe(true);
    flush();
    expect(answers.isFull).toBe(true);
    drain();
    expect(answers.isFull).toBe(false);
  });

  test("when socket.io itself has sent it", () => {
    const { connection, answers, flush, drain } = answering();
    connection.transport.socket = {};
    answers.charge(5_000);
    flush();
    drain();
    expect(answers.isFull).toBe(false);
  });

  test("once", () => {
    const { answers, send, flush, drain } = answering();
    send(5_000);
    flush();
    drain();
    send(5_000);
    drain();
    expect(answers.isFull).toBe(true);
    flush();
    drain();
    expect(answers.isFull).toBe(false);
  });

  test("when the response to a poll has finished, once", () => {
    const { connection, answers, send, flush } = answering();
    for (const event of ["finish", "close"]) {
      const response = new EventEmitter();
      Object.assign(connection.transport, { res: response });
      send(5_000);
      flush();
      connection.transport.emit("drain");
      expect(answers.isFull).toBe(true);
      response.emit(event);
      expect(answers.isFull).toBe(false);
      send(5_000);
      response.emit(event === "finish" ? "close" : "finish");
      expect(answers.isFull).toBe(true);
      flush();
      response.emit("finish");
      expect(answers.isFull).toBe(false);
    }
  });

  test("never where the connection is broken, until it is closed", async () => {
    const { connection, answers, send, flush, drain } = answering();
    connection.transport.socket = { _socket: { destroyed: true } };
    send(5_000);
    flush();
    drain();
    expect(answers.isFull).toBe(true);
    connection.emit("close");
    expect(answers.isFull).toBe(true);
    await Promise.resolve();
    expect(answers.isFull).toBe(false);
  });

  test("without listeners where nothing was sent", () => {
    const { connection, flush } = answering();
    flush();
    expect(connection.transport.listenerCount("drain")).toBe(0);
  });
});
