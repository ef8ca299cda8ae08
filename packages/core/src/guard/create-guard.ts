import { misuse, PermissionMisuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";
import type { Policy } from "../policy/policy-types.js";
import type { Scope } from "../types.js";
import { tellUnguarded } from "./audit-hint.js";
import type { ServableConsumer } from "./dispatch.js";
import { checkRules, Gate } from "./gate.js";
import type { GuardSession } from "./guard-session.js";
import { COMMON_OPTIONS, type GuardOptions, type ReplaceOptions } from "./options.js";
import { isDevelopment } from "./setup-hints.js";
import type { GuardOf } from "./types.js";

/** A guarded server, as its adapter provides it. */
export interface AttachedServer<Socket> {
  /** Returns the session of a socket; `undefined` when this guard has not admitted it. */
  sessionOf(socket: Socket): GuardSession | undefined;
  /** Returns a sentence for each part of the server that is not guarded. Default: none. */
  audit?(): readonly string[];
}

/** The parts of one guard. */
export interface GuardSetup<Request, Socket> {
  /** The function that the application has called. `serve()` needs a consumer. */
  readonly caller: "guard()" | "serve()";
  /** A policy of `definePolicy`, or for `serve()` a consumer. */
  readonly rules: unknown;
  /** The options of the application: those common to all adapters, and the adapter's own. */
  readonly options: GuardOptions<Request, unknown, never>;
  /** The names of the adapter's own options. Default: none. */
  readonly ownOptions?: readonly string[];
  /** Attaches the gate to the server. Called last, after all checks. */
  attach(gate: Gate<Request>): AttachedServer<Socket>;
}

const CALLERS = 'give "guard()" or "serve()"';
const ATTACHED = "return { sessionOf }, and not a promise of it";

/**
 * Makes a guard. Checks the options, builds the gate, lets the adapter attach it, and returns the guard for the
 * application.
 *
 * @throws {PermissionMisuse} When an option is unknown or of the wrong type, or the rules cannot be used here.
 */
export function createGuard<Request, Socket, P = Policy, S = Scope, O = ReplaceOptions<Request>>(
  setup: GuardSetup<Request, Socket>,
): GuardOf<Socket, P, S, string, O> {
  const { caller, rules, options, ownOptions = [] } = setup;
  if (caller !== "guard()" && caller !== "serve()") throw misuse("createGuard()", caller, CALLERS, "`caller`");
  const isServed = caller === "serve()";
  checkRules(caller, rules as Partial<ServableConsumer> | undefined, isServed);
  // Only at the start: `replace` may take one that refuses every message.
  if (isServed && (rules as Partial<ServableConsumer>).engine?.rules.table?.size === 0) {
    throw new PermissionMisuse("serve() got a consumer without actions: add .action(name, rule, handler)");
  }
  checkKeys(caller, options, [...COMMON_OPTIONS, ...ownOptions]);
  const gate = new Gate<Request>(
    caller,
    rules,
    options as GuardOptions<Request>,
    isServed ? (rules as ServableConsumer) : undefined,
  );
  const server = setup.attach(gate);
  if (typeof server?.sessionOf !== "function")
    throw misuse("createGuard()", server, ATTACHED, "the result of `attach`");
  const audit = () => server.audit?.() ?? [];
  if (options.hints ?? isDevelopment()) tellUnguarded(audit);
  return {
    sessions: gate.sessions as ReadonlySet<GuardSession> as never,
    sessionOf: (socket) => admitted(server.sessionOf(socket)) as GuardSession<S>,
    findSession: (socket) => server.sessionOf(socket) as GuardSession<S> | undefined,
    replace: (next, changes) => gate.replace(next, changes as ReplaceOptions<Request> | undefined, ownOptions),
    audit,
    close: () => gate.close(),
  };
}

function admitted(session: GuardSession | undefined): GuardSession {
  if (session !== undefined) return session;
  throw new PermissionMisuse(
    "sessionOf() got a socket that this guard has not admitted: use findSession() for sockets of other servers",
  );
}
