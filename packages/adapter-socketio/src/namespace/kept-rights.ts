import type { Scope } from "@portcullis/core";
import type { Session } from "@portcullis/core/adapter";
import { type ContinuityHook, isAddressedSince, isSettled, type RecordMark } from "@portcullis/core/internal";
import type { Message } from "./event.js";
import { principalOf } from "./identity.js";
import { RecordWindow } from "./record-window.js";

/** What is stored beside the session of a connection that was cut off. Texts, so that any adapter can store them. */
export interface Kept {
  readonly principal: string | undefined;
  /** The names and the end of its identity, with the option `continuity`. */
  readonly right?: string | undefined;
  /** The end of the sequence of revocations. It stays in this process. */
  readonly mark?: RecordMark | undefined;
}

/** The parts of a guard that decide about sessions. */
interface KeepingGuard {
  /** The name of the guard. */
  readonly name: string;
  readonly continuity: ContinuityHook | undefined;
  readonly gate: { readonly isClosing: boolean };
}

/** The names of an identity, the id of its session last, and its end. */
interface Right {
  readonly subjects: readonly string[];
  readonly expiresAt?: number;
}

/**
 * The rights of connections of one guard that were cut off.
 *
 * INVARIANT: a session is restored only if its authorization was in force when the connection broke, has not expired
 * since, no revocation has addressed it since, and the client has the same identity now.
 */
export class KeptRights {
  readonly #name: string;
  readonly #continuity: ContinuityHook | undefined;
  readonly #window: RecordWindow | undefined;

  /**
   * @param guard Its name, its continuity, and whether it is closing.
   * @param duration The `maxDisconnectionDuration` of the server, in milliseconds.
   */
  constructor({ name, continuity, gate }: KeepingGuard, duration: number) {
    this.#name = name;
    this.#continuity = continuity;
    const revocations = continuity?.options.revocations;
    if (revocations) this.#window = new RecordWindow(revocations.recent, duration, () => gate.isClosing);
  }

  /** Describes a session whose connection breaks; `undefined` where its authorization is not in force. */
  describe(session: Session<Message>): Kept | undefined {
    // Reading the identity notices an end that has passed.
    const { identity } = session;
    if (!isSettled(session)) return undefined;
    const { subjects, expiresAt } = identity ?? {};
    return {
      principal: principalOf(this.#name, session.scope),
      right: subjects && JSON.stringify({ subjects, expiresAt }),
      mark: this.#continuity?.options.revocations?.recent.end as RecordMark | undefined,
    };
  }

  /**
   * True when a stored session may go on.
   *
   * @param kept What was stored. Without a mark, another process has stored it.
   * @param scope The scope of the client now.
   */
  isInForce({ principal, right, mark }: Kept, scope: Scope): boolean {
    if (principal === undefined || principal !== principalOf(this.#name, scope)) return false;
    const continuity = this.#continuity;
    if (continuity === undefined) return true;
    const read = readRight(right);
    const watch = continuity.watch();
    if (read === undefined || watch.identify(scope)) return false;
    const { subjects, expiresAt = Number.POSITIVE_INFINITY } = read;
    if (expiresAt <= Date.now() || !areSame(subjects.slice(0, -1), watch.identity.subjects)) return false;
    const { revocations } = continuity.options;
    if (revocations === undefined) return true;
    const since = mark ?? this.#window?.mark;
    return since !== undefined && revocations.gauges.failures === 0 && !isAddressedSince(since, subjects);
  }
}

const areSame = (some: readonly string[], others: readonly string[]) => JSON.stringify(some) === JSON.stringify(others);

function readRight(text: unknown): Right | undefined {
  try {
    const right = JSON.parse(String(text)) as Partial<Right> | null;
    return Array.isArray(right?.subjects) ? (right as Right) : undefined;
  } catch {
    return undefined;
  }
}
