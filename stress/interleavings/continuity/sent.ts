import type { Payload } from "@portcullis/core";
import type { ClientMessage } from "@portcullis/core/adapter";
import { running } from "./clock.js";
import type { MessagePlan } from "./plans.js";

/** The scope of the client: somebody, by one version of the truth. */
export interface Member {
  readonly user: { readonly id: string } | null;
  readonly isAdmin: boolean;
  /** The version of the truth that was read. */
  readonly version: number;
  /** The time at which it was read for something else than a renewal. */
  readonly revalidatedAt: number;
  readonly end: number;
  /** The payload of the renewal that was read. */
  readonly renewal: Payload | undefined;
}

/** A message of the client, and what has become of it. */
export class Sent implements ClientMessage {
  readonly bytes = 10;
  /** True when it was sent over an open connection. */
  isAccepted = false;
  /** The time at which it has reached the session. */
  arrivedAt: number | undefined;
  /** The same, or the time of its making, on the clock of what goes on. */
  since = running();
  /** True when it has arrived behind the end of the identity, and before the end of its grace. */
  hasExpired = false;
  isInTime = false;
  /** True once a handler has begun. */
  isHandled = false;
  delivered = 0;
  refused = 0;
  replies = 0;
  asked = 0;
  /** The scope under which the rule was asked last. */
  scope: Member | undefined;
  /** The time at which it was asked, on both clocks. */
  askedAt = { monotonic: 0, wall: 0 };
  /** The version that was demanded when the rule had answered. */
  demanded = 0;

  constructor(
    readonly index: number,
    readonly action: string,
    readonly payload: Readonly<Record<string, unknown>>,
    readonly plan: MessagePlan | undefined,
  ) {}

  get answers(): number {
    return this.delivered + this.refused + this.replies;
  }

  /** True for a renewal that the guard has, and has not answered. */
  get isRenewing(): boolean {
    return this.action === "renew" && this.arrivedAt !== undefined && this.answers === 0;
  }
}
