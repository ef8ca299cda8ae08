import { MemoryStore, type SessionData } from "express-session";
import { afterEach, describe, expect, test } from "vitest";
import { deferred, sleep, until } from "../../../test/helpers.js";
import { application, dial, serveMembers, sessionChain, stopSessions, TRANSPORTS } from "./sessions.js";

afterEach(stopSessions);

type Get = (error: unknown, session?: SessionData | null) => void;

/** A store with hooks for each test. */
class TroubledStore extends MemoryStore {
  onGet: ((proceed: () => void, answer: Get) => void) | undefined;
  onTouch: ((proceed: () => void) => void) | undefined;

  override get(id: string, answer: Get): void {
    const proceed = () => super.get(id, answer);
    if (this.onGet) this.onGet(proceed, answer);
    else proceed();
  }

  override touch(id: string, session: SessionData, answer?: () => void): void {
    const proceed = () => super.touch(id, session, answer);
    if (this.onTouch) this.onTouch(proceed);
    else proceed();
  }

  /** True when the store has the session of a cookie. */
  has(cookie: string): boolean {
    const [, id = ""] = /^connect\.sid=s:([^.]+)\./.exec(decodeURIComponent(cookie)) ?? [];
    return id in (this as unknown as { sessions: object }).sessions;
  }
}

/** A short deadline, in milliseconds. */
const SHORT = 400;

/** An application with such a store, and a login of ann. */
async function troubled(handle?: (name: string) => unknown, timeout = 5000) {
  const store = new TroubledStore();
  const chain = sessionChain(store);
  const running = await application(chain);
  serveMembers(running, chain, { timeout }, handle);
  return { store, running, cookie: await running.logIn("ann") };
}

describe.each(TRANSPORTS)("sessions over %s", (transport) => {
  test("a message is from who is logged in at that time", async () => {
    const { running, cookie } = await troubled();
    const ann = await dial(transport, running.port, cookie);
    expect(await ann.ask()).toBe("ann");
    await running.logOut(cookie);
    expect(await ann.ask()).toBe(401);
    expect(await ann.ask()).toBe(401);
    expect((await dial(transport, running.port, cookie)).status).toBe(401);
    expect((await dial(transport, running.port, "")).status).toBe(401);
  });

  test("concurrent actions of two users stay apart", async () => {
    const { store, running, cookie } = await troubled();
    const [ann, bob] = [
      await dial(transport, running.port, cookie),
      await dial(transport, running.port, await running.logIn("bob")),
    ];
    const held: (() => void)[] = [];
    store.onGet = (proceed) => void held.push(proceed);
    for (let round = 0; round < 5; round++) {
      const answers = [ann.ask(), bob.ask()];
      await until(() => held.length === 2, "both are being decided");
      for (const proceed of held.splice(0).reverse()) proceed();
      expect(await Promise.all(answers)).toEqual(["ann", "bob"]);
    }
  });

  test.each<[string, number, (store: TroubledStore) => void]>([
    [
      "throws",
      500,
      (store) => {
        store.onGet = () => {
          throw new Error("secret of the store");
        };
      },
    ],
    [
      "answers with an error",
      500,
      (store) => {
        store.onGet = (_proceed, answer) => setImmediate(answer, new Error("secret of the store"));
      },
    ],
    [
      "does not answer",
      503,
      (store) => {
        store.onGet = () => {};
      },
    ],
    [
      "does not answer when the session is touched",
      503,
      (store) => {
        store.onTouch = () => {};
      },
    ],
    [
      "throws when the session is touched",
      500,
      (store) => {
        store.onTouch = () => {
          throw new Error("secret of the store");
        };
      },
    ],
    [
      "finds nothing",
      401,
      (store) => {
        store.onGet = (_proceed, answer) => setImmediate(answer, null, null);
      },
    ],
    [
      "finds nonsense",
      500,
      (store) => {
        store.onGet = (_proceed, answer) => setImmediate(answer, null, "a text" as never);
      },
    ],
    ["is disconnected", 500, (store) => void store.emit("disconnect")],
  ])("a store that %s: %i, and never open", async (_what, status, trouble) => {
    const { store, running, cookie } = await troubled(undefined, status === 503 ? SHORT : undefined);
    const ann = await dial(transport, running.port, cookie);
    expect(await ann.ask()).toBe("ann");
    trouble(store);
    expect(await ann.ask()).toBe(status);
    expect((await dial(transport, running.port, cookie)).status).toBe(status);
    store.onGet = undefined;
    store.onTouch = undefined;
    store.emit("connect");
    expect(await ann.ask()).toBe("ann");
  });

  test("a store that answers after the deadline does not open anything", async () => {
    const { store, running, cookie } = await troubled(undefined, SHORT);
    const ann = await dial(transport, running.port, cookie);
    const held: (() => void)[] = [];
    store.onGet = (proceed) => void held.push(proceed);
    expect(await ann.ask()).toBe(503);
    for (const proceed of held.splice(0)) proceed();
    await sleep(20);
    store.onGet = undefined;
    await running.logOut(cookie);
    expect(await ann.ask()).toBe(401);
  });

  test("a logout applies during a lookup, or from the next message", async () => {
    const [begins, gate] = [deferred(), deferred()];
    let isSlow = false;
    const handle = async (name: string) => {
      if (isSlow) {
        begins.resolve();
        await gate.promise;
      }
      return name;
    };
    const { store, running, cookie } = await troubled(handle);
    const other = await running.logIn("ann");
    const [first, second] = [await dial(transport, running.port, cookie), await dial(transport, running.port, other)];

    const held: (() => void)[] = [];
    store.onGet = (proceed) => void held.push(proceed);
    const asked = first.ask();
    await until(() => held.length === 1);
    store.onGet = undefined;
    await running.logOut(cookie);
    held[0]?.();
    expect(await asked).toBe(401);

    isSlow = true;
    const begun = second.ask();
    await begins.promise;
    await running.logOut(other);
    gate.resolve();
    expect(await begun).toBe("ann");
    isSlow = false;
    expect(await second.ask()).toBe(401);
    // No pending write has restored a session.
    expect([store.has(cookie), store.has(other)]).toEqual([false, false]);
  });

  test("a logout during a request is not undone at its end", async () => {
    const { store, running, cookie } = await troubled();
    const ann = await dial(transport, running.port, cookie);
    expect(store.has(cookie)).toBe(true);
    const held: (() => void)[] = [];
    store.onTouch = (proceed) => void held.push(proceed);
    const asked = ann.ask();
    await until(() => held.length === 1, "the session is touched");
    store.onTouch = undefined;
    await running.logOut(cookie);
    held[0]?.();
    await asked;
    expect(await ann.ask()).toBe(401);
    expect(store.has(cookie)).toBe(false);
  });
});
