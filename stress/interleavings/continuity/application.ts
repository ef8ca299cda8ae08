import { type Payload, PermissionDenied } from "@portcullis/core";
import { memoryRevocations } from "@portcullis/core/continuity";
import { turns } from "../order.js";
import { pass, STEP } from "./clock.js";
import type { Token } from "./plans.js";
import type { Member } from "./sent.js";
import { EVERY, LIFE, TIMEOUT } from "./times.js";
import type { World } from "./world.js";

/** More authentications of one connection than any plan leads to. */
const MOST = 60;
/** More turns than a guard takes to hear of an answer. */
const HEARD = 16;

/** The application behind a guard: the truth, and how a client is authenticated by it. */
export class Application {
  readonly revocations = memoryRevocations();
  truth = { isAdmin: true, isBanned: false, version: 1 };
  /** The version that a decision must have read, because a record or a refresh said so. */
  demanded = 0;
  isRevoked = false;
  /** True once an authentication that was no renewal has refused, which ends the session. */
  isDenied = false;
  #count = 0;
  /** The payload of the last accepted renewal. */
  #renewed: Payload | undefined;
  /** The authentications under way, by the signals that say when they are given up. */
  readonly #running = new Set<AbortSignal>();

  constructor(readonly world: World) {}

  /** Writes first, then tells of it. */
  write(change: object, effect: "refresh" | "revoke"): void {
    const { world } = this;
    this.writeQuietly(change);
    this.demanded = this.truth.version;
    if (effect === "revoke" && world.isMember) this.isRevoked = true;
    void this.revocations[effect]("user:ann");
    if (effect === "refresh" && world.isMember && world.session?.isEnded === false) world.waits.demand();
  }

  /** Writes without a word. */
  writeQuietly(change: object): void {
    this.truth = { ...this.truth, ...change, version: this.truth.version + 1 };
  }

  /** Asks one session to read the truth again, without a record. */
  refresh(): void {
    const { session, waits } = this.world;
    if (session === undefined) return;
    this.writeQuietly({});
    if (!session.isEnded) {
      this.demanded = this.truth.version;
      waits.demand();
    }
    this.world.promise("session.refresh()", session.refresh());
  }

  async authenticate(renewal: Payload | undefined, signal: AbortSignal): Promise<unknown> {
    const number = this.#count++;
    if (number > MOST) this.world.fail("it is authenticated without end");
    this.#expectAlone();
    this.#running.add(signal);
    try {
      return await this.#read(number, renewal, signal);
    } finally {
      this.#running.delete(signal);
    }
  }

  #expectAlone(): void {
    for (const signal of this.#running) if (signal.aborted) this.#running.delete(signal);
    if (this.world.session && this.#running.size > 0) this.world.fail("two authentications are under way at once");
  }

  /** Reads the truth in one step, and answers in another. */
  async #read(number: number, renewal: Payload | undefined, signal: AbortSignal): Promise<unknown> {
    const { world } = this;
    const token = renewal?.token as Token | undefined;
    // Later authentications get the payload of the last renewal too, and read the truth. A renewal may be asked again first.
    const isRenewal = renewal !== this.#renewed;
    if (isRenewal) this.#expectNoDemand();
    const isPlanned = token === undefined && number > 0;
    const read = isPlanned ? (world.setup.reads[number - 1] ?? "truth") : "truth";
    if (read === "hang") return new Promise(() => {});
    const isLater = number > 0 || world.setup.isAuthenticatedLater;
    const revalidatedAt = isRenewal ? world.scope.revalidatedAt : performance.now();
    if (isLater) await world.later("read", undefined);
    const found = this.#member(renewal, revalidatedAt);
    if (isLater) await world.later("authenticated", undefined, () => read === "slow" && pass(STEP));
    if (read === "denied") {
      if (!signal.aborted) void this.#noteDenied(revalidatedAt);
      throw new PermissionDenied("banned", { status: 403 });
    }
    if (read === "fault" || token === "fault") throw new Error("planned");
    if (token === "unauthorized") throw new PermissionDenied("not_authenticated");
    if (token === "forbidden") throw new PermissionDenied("banned", { status: 403 });
    return found;
  }

  /** Notes a refusal. One that the guard hears of too late counts as no answer. */
  async #noteDenied(since: number): Promise<void> {
    await turns(HEARD);
    if (performance.now() - since < TIMEOUT.connect) this.isDenied = true;
  }

  /** The guard has accepted an authentication. */
  accept({ renewal }: Member): void {
    this.#renewed = renewal;
  }

  #member(renewal: Payload | undefined, revalidatedAt: number): Member {
    const { isAdmin, isBanned, version } = this.truth;
    const token = renewal?.token as Token | undefined;
    const { setup } = this.world;
    const isGuest = token === "guest" || (token === undefined && setup.isGuest);
    const id = isBanned || isGuest ? undefined : token === "other" ? "bob" : "ann";
    const end = Date.now() + LIFE[setup.life];
    const user = id === undefined ? null : { id };
    return { user, isAdmin, version, revalidatedAt, end, renewal };
  }

  /** A renewal asks for nothing that messages must wait for. */
  #expectNoDemand(): void {
    const { session, waits, scope, setup } = this.world;
    if (waits.isPending || setup.early.length > 0 || performance.now() - scope.revalidatedAt >= EVERY) return;
    if (session?.identity?.state === "pending") this.world.fail("a renewal has made the identity pending");
  }
}
