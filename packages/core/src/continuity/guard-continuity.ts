import { PermissionMisuse } from "../decision/errors.js";
import { hasUser } from "../engine/hidden-actions.js";
import type { AdmittedConnection, ContinuityHook, OnScope } from "../guard/continuity-hook.js";
import type { OpenSession } from "../guard/guard-session.js";
import type { Identify } from "../guard/identity.js";
import type { GuardOptions } from "../guard/options.js";
import type { GuardRuntime } from "../guard/runtime.js";
import type { PolicyEngine } from "../policy/policy-engine.js";
import type { Scope } from "../types.js";
import { AuthenticationWatch } from "./authentication-watch.js";
import { type ClosedConnection, closes } from "./close-queue.js";
import { ContinuousSession } from "./continuous-session.js";
import { REVOKED } from "./endings.js";
import type { Lease } from "./lease.js";
import type { ReadContinuityOptions } from "./options.js";
import { addresses } from "./recent-records.js";
import { RevalidationQueue } from "./revalidation-queue.js";
import type { RevocationRecord } from "./revocation-log.js";
import type { RevocationTarget } from "./revocations.js";
import type { SharedLeaseParts } from "./shared-lease-parts.js";
import { SubjectIndex } from "./subject-index.js";

const NAMELESS =
  'identify() has named no subject for a client with a user, so no revocation of the user ends its connection: return { subjects: ["user:42"] }';

const NO_AUTHENTICATE =
  "identify() has named no subject, and the guard has no `authenticate`, so no revocation of a user ends a connection: add authenticate: (request) => ({ user })";

/** Connections of one revocation whose closes may wait for those of smaller ones. */
const MANY = 200;

/** @throws {PermissionMisuse} When the options of a guard cannot work with those of `continuity()`. */
function checkGuard({ renewAction }: ReadContinuityOptions, { authenticate, identify }: GuardOptions<never>): void {
  if (renewAction !== undefined && authenticate === undefined) {
    throw new PermissionMisuse(
      "`renew` of continuity() needs the option `authenticate`: add authenticate: (request, { renewal }) => ({ user }), which gets the payload of a renewal as `renewal`",
    );
  }
  if (Object.prototype.toString.call(identify) === "[object AsyncFunction]") {
    throw new PermissionMisuse(
      "`identify` is async, and must answer at once: write it without async, and load what it needs in `authenticate`",
    );
  }
}

/** The continuity of one guard: its leases, found by their subjects. */
export class GuardContinuity implements ContinuityHook, RevocationTarget, SharedLeaseParts {
  readonly index = new SubjectIndex<Lease>();
  readonly revalidations: RevalidationQueue;
  readonly #runtime: GuardRuntime<never>;
  readonly #guards: Set<GuardContinuity>;

  /** @param guards The guards of the same options. This one is among them until it is closed. */
  constructor(
    readonly options: ReadContinuityOptions,
    runtime: GuardRuntime<never>,
    guards: Set<GuardContinuity>,
  ) {
    this.#runtime = runtime;
    this.#guards = guards;
    checkGuard(options, runtime.options);
    this.revalidations = new RevalidationQueue(options.revalidate?.concurrency ?? 10);
    this.check(runtime.engine);
    guards.add(this);
    options.revocations?.follow(this);
  }

  /** The open sessions of the guard. */
  get sessions(): Iterable<ContinuousSession> {
    return this.#runtime.sessions as Iterable<never>;
  }

  get onScope(): OnScope<never> | undefined {
    return this.#runtime.options.onScope as OnScope<never> | undefined;
  }

  /** @throws {PermissionMisuse} When the policy names the action of renewals. */
  check(engine: PolicyEngine): void {
    const { renewAction } = this.options;
    if (renewAction === undefined || engine.rules.table?.has(renewAction) !== true) return;
    throw new PermissionMisuse(
      `the policy has the action "${renewAction}", which is the \`renew\` of continuity(): leave it out of the policy, because the guard answers it`,
    );
  }

  watch(isOpen = false): AuthenticationWatch {
    const { identify } = this.#runtime.options;
    return new AuthenticationWatch(identify as Identify, this.options.revocations?.recent, isOpen);
  }

  open(admitted: AdmittedConnection): OpenSession {
    const watch = admitted.watched as AuthenticationWatch;
    const session = new ContinuousSession(this.#runtime, admitted);
    const { lease } = session;
    lease.begin(watch);
    if (!lease.principal && this.options.revocations) this.#hintAbout(admitted.scope, session);
    // Records that came between the admission and this call have found no session.
    for (let at = watch.mark?.next; at !== undefined; at = at.next) {
      if (at.record === undefined) lease.demandSoon();
      else if (addresses(at.record, lease.subjects)) this.#applyTo(lease, at.record);
    }
    watch.end();
    if (session.isEnded) queueMicrotask(() => closes.flush());
    return session;
  }

  apply(record: RevocationRecord): number {
    const isAddressed = (lease: Lease) => addresses(record, lease.subjects) && !lease.isEnded;
    const leases = [...this.index.of(record.subject)].filter(isAddressed);
    // One banned user does not wait for the closes of a whole tenant.
    const isUrgent = leases.length <= MANY;
    for (const lease of leases) this.#applyTo(lease, record, isUrgent);
    closes.flush();
    return leases.length;
  }

  applyLoss(): void {
    for (const { lease } of this.sessions) this.revalidations.add(lease);
  }

  closeEnded(): ClosedConnection[] {
    return closes.closeAll(this);
  }

  close(): void {
    this.#guards.delete(this);
    this.options.revocations?.leave(this);
    this.closeEnded();
  }

  /** Tells of a connection that no revocation by a subject can reach, although it should. */
  #hintAbout(scope: Scope, session: ContinuousSession): void {
    if (this.#runtime.options.authenticate === undefined) session.hint(NO_AUTHENTICATE);
    else if (hasUser(scope)) session.hint(NAMELESS);
  }

  #applyTo(lease: Lease, { effect }: RevocationRecord, isUrgent = true): void {
    if (effect === "refresh") lease.demandSoon();
    else lease.finish(REVOKED, { phase: "revoke", isUrgent });
  }
}
