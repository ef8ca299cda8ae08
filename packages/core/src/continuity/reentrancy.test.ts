import { definePolicy, permission } from "@portcullis/core";
import type { Session } from "@portcullis/core/adapter";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { useFakeTime } from "../../test/fake-time.js";
import { type LastingConnection, type LastingServer, lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

useFakeTime();

/** The code of an application that a guard calls in the middle of its own work. */
const PLACES = [
  "authenticate",
  "identify",
  "onScope",
  "onDecision",
  "rule",
  "message",
  "abort",
  "close",
  "notify",
] as const;
type Place = (typeof PLACES)[number];

/** What this code does there. `whom` is a subject, or the client whose turn it is. */
interface Act {
  readonly effect: "revoke" | "refresh" | "session.refresh" | "session.end";
  readonly whom: "one" | "half" | "all";
}

const LIFE = 50_000;
const EVERY = 40_000;

/** The scope of a client. */
interface Rights {
  readonly name: string;
  readonly version: number;
}

/** One connection, and what has become of it. */
class Client {
  isRevoked = false;
  aborts: number;
  closes = 0;
  /** Reports of its revocation. */
  reports = 0;
  /** Messages that were handed on after a revocation, or under the rights before a refresh. */
  late = 0;
  /** The version of its rights. */
  version = 0;
  readonly session: Session;

  constructor(
    readonly name: string,
    readonly connection: LastingConnection,
    here: (place: Place) => void,
  ) {
    const { session, wire } = connection;
    this.session = session;
    // It may have been revoked while it was admitted.
    this.aborts = Number(session.signal.aborted);
    session.signal.addEventListener("abort", () => {
      this.aborts += 1;
      here("abort");
    });
    wire.onDeliver = () => {
      if (this.isRevoked || (session.scope as unknown as Rights).version !== this.version) this.late += 1;
      here("message");
    };
    wire.notify = () => here("notify");
    // As adapters do, the end of the transport ends the session.
    wire.close = () => {
      this.closes += 1;
      here("close");
      session.end();
    };
  }

  /** All that must hold in the end. */
  get state() {
    const { session, isRevoked, aborts, closes, reports, late } = this;
    const isRight = isRevoked
      ? session.isEnded && closes === 1
      : session.isEnded || session.identity?.state === "valid";
    return { isRight, late, aborts: aborts - Number(session.isEnded), isReportedTwice: reports > 1 };
  }
}

const RIGHT = { isRight: true, late: 0, aborts: 0, isReportedTwice: false };

/** A guard whose application revokes and refreshes in the middle of everything. */
class World {
  readonly clients: Client[] = [];
  readonly #revocations = memoryRevocations();
  readonly #acts: Map<Place, Act[]>;
  readonly #server: LastingServer;
  #turn = 0;

  constructor(acts: Partial<Record<Place, readonly Act[]>>) {
    this.#acts = new Map(PLACES.map((place) => [place, [...(acts[place] ?? [])]]));
    this.#server = this.#serve();
  }

  #serve(): LastingServer {
    const rule = permission("rule", () => {
      this.#here("rule");
      return true;
    });
    const authenticate = (name: string) => {
      const version = this.clients.find((client) => client.name === name)?.version ?? 0;
      this.#here("authenticate");
      return { name, version };
    };
    const identify = ({ name }: Rights) => {
      this.#here("identify");
      return { subjects: subjectsOf(name), expiresAt: Date.now() + LIFE };
    };
    const onDecision = ({ phase, session }: { phase: string; session: unknown }) => {
      const client = this.clients.find((one) => one.session === session);
      if (client && phase === "revoke") client.reports += 1;
      this.#here("onDecision");
    };
    return lasting(
      definePolicy({ connect: rule, actions: { say: rule } }),
      authenticate,
      {
        ...{ identify, onScope: () => this.#here("onScope") },
        ...{ revocations: this.#revocations, revalidate: { every: EVERY }, grace: LIFE, renew: { action: "renew" } },
      },
      { onDecision },
    );
  }

  /** The guard has called the application. */
  readonly #here = (place: Place): void => {
    const act = this.#acts.get(place)?.shift();
    if (act) this.act(act);
  };

  async open(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const name = `user:${i}`;
      this.clients.push(new Client(name, await this.#server.open(name), this.#here));
    }
  }

  act({ effect, whom }: Act): void {
    const turn = this.clients[this.#turn++ % this.clients.length];
    if (turn === undefined) return;
    if (effect === "session.refresh") {
      turn.version += 1;
      void turn.session.refresh();
    } else if (effect === "session.end") turn.session.end();
    else {
      const subject = whom === "one" ? turn.name : whom;
      const isReached = ({ name, session }: Client) => !session.isEnded && subjectsOf(name).includes(subject);
      const reached = this.clients.filter(isReached);
      for (const client of reached) {
        if (effect === "revoke") client.isRevoked = true;
        else client.version += 1;
      }
      void this.#revocations[effect](subject);
    }
  }

  /** Each client sends a message and a renewal, and time passes. */
  async live(): Promise<void> {
    for (const { connection } of this.clients) {
      connection.send("say");
      connection.send("renew");
    }
    await vi.advanceTimersByTimeAsync(EVERY);
    for (const { connection } of this.clients) connection.send("say");
    await vi.advanceTimersByTimeAsync(10_000);
  }

  close(): void {
    void this.#server.gate.close();
  }

  get states() {
    const open = this.clients.filter(({ session }) => !session.isEnded).length;
    return {
      clients: this.clients.map(({ state }) => state),
      isCounted: this.#server.gate.sessions.size === open && this.#server.continuity.gauges().sessions.valid === open,
    };
  }
}

function subjectsOf(name: string): string[] {
  return [name, "all", ...(Number(name.slice(5)) % 2 === 0 ? ["half"] : [])];
}

/** Plays everything, and expects that no connection was forgotten. */
async function play(count: number, first: readonly Act[], acts: Partial<Record<Place, readonly Act[]>>): Promise<void> {
  const world = new World(acts);
  await world.open(count);
  for (const act of first) world.act(act);
  await world.live();
  const { states } = world;
  world.close();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(states).toEqual({ clients: Array(count).fill(RIGHT), isCounted: true });
}

describe("an application that is called", () => {
  // More connections than one turn closes.
  const MANY = 300;
  const cases = PLACES.flatMap((place) => (["revoke", "refresh"] as const).map((effect) => [place, effect] as const));
  test.each(cases)("in %s may %s others", async (place, effect) => {
    const acts = Array.from({ length: 3 * MANY }, () => ({ effect, whom: "one" }) as const);
    await play(MANY, [{ effect: "revoke", whom: "half" }], { [place]: acts });
  });

  test.each(cases)("in %s may %s itself", async (place, effect) => {
    await play(1, [], { [place]: Array(6).fill({ effect, whom: "one" }) });
  });

  test("anywhere may do anything to any connection", async () => {
    const act = fc.record<Act>({
      effect: fc.constantFrom("revoke", "refresh", "refresh", "session.refresh", "session.end"),
      whom: fc.constantFrom("one", "one", "half", "all"),
    });
    const acts = fc.record(
      Object.fromEntries(PLACES.map((place) => [place, fc.array(act, { maxLength: 4 })])) as Record<
        Place,
        fc.Arbitrary<Act[]>
      >,
    );
    const first = fc.array(act, { maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), first, acts, (count, some, others) => play(count, some, others)),
      { numRuns: 300 },
    );
  });
});
