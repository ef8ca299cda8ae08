import type { Limits } from "@portcullis/core";
import { PermissionMisuse } from "@portcullis/core";
import type { BareNamespace, BareServer, Decide } from "../socketio-internals.js";
import { type Acceptance, askAcceptance } from "./accepted-namespace.js";
import type { GuardContext } from "./guard-context.js";
import type { NamespaceConnection } from "./namespace-connection.js";

/** A guard of this adapter. */
export type SocketGuardContext = GuardContext<NamespaceConnection>;

/** Marks a guard that depends on the client. The guarded function or pattern that accepts the client determines it. */
export const BY_CLIENT = Symbol.for("@portcullis/adapter-socketio/by-client");

/** The guard of a namespace. */
export type Cover = SocketGuardContext | typeof BY_CLIENT | undefined;

/** The guard of one client in a namespace. With a fault, the guard refuses the client without evaluating a rule. */
export interface ClientGuard {
  readonly context: SocketGuardContext | undefined;
  readonly fault?: Exclude<Acceptance, boolean>;
}

type Parent = readonly [decide: Decide, parent: BareNamespace];

/**
 * Finds the guard of a namespace, in this order: its own, its parent's, that of a parent that would accept it, the
 * server's.
 */
export class GuardRegistry {
  #wide: SocketGuardContext | undefined;
  /** Guards by namespace name, because a namespace that was cleaned up may be created again, or by parent namespace. */
  readonly #own = new Map<string | BareNamespace, SocketGuardContext>();
  readonly #parents = new WeakMap<BareNamespace, BareNamespace>();

  constructor(private readonly io: BareServer) {}

  /** @throws {PermissionMisuse} When the subject is already guarded. */
  add(caller: string, namespace: BareNamespace | undefined, context: SocketGuardContext): void {
    if (namespace === undefined ? this.#wide : this.#own.has(keyOf(namespace))) {
      const what = namespace === undefined ? "this server" : `the namespace "${namespace.name}"`;
      throw new PermissionMisuse(
        `${caller}: ${what} is guarded already: guard it once, and call guarded.replace(policy, options) to change its rules`,
      );
    }
    if (namespace === undefined) this.#wide = context;
    else this.#own.set(keyOf(namespace), context);
  }

  /** Records the parent of a namespace. */
  trackParent(namespace: BareNamespace): void {
    for (const parent of this.io.parentNsps.values()) {
      if (parent.children?.has(namespace)) this.#parents.set(namespace, parent);
    }
  }

  /**
   * The guard of a namespace. A namespace created by its name is not a child of a pattern or function, even if they
   * would accept its name. The main namespace always exists, so it is never a child.
   */
  coverOf(namespace: BareNamespace): Cover {
    const parent = this.#parents.get(namespace);
    const closest = this.#own.get(keyOf(namespace)) ?? (parent && this.#own.get(parent));
    if (closest || namespace.children || namespace.name === "/") return closest ?? this.#wide;
    return this.#asked.length > 0 ? BY_CLIENT : this.#wide;
  }

  /**
   * Calls the functions of the parents in the order of socket.io. The first parent that accepts guards this client. A
   * parent that fails refuses. Never throws, never rejects.
   */
  find(name: string, auth: unknown): ClientGuard | Promise<ClientGuard> {
    return this.#find(this.#asked, 0, name, auth);
  }

  /** The guard for a client whose own guard was not found. */
  get first(): SocketGuardContext {
    const [[, parent]] = this.#asked as [Parent];
    return this.#contextOf(parent) as SocketGuardContext;
  }

  /** The reach of guards that depend on the client in a namespace: all clients, some, or none. */
  reachOf({ name }: BareNamespace): "all" | "some" | "none" {
    if (this.#wide) return "all";
    let reach: "some" | "none" = "none";
    for (const [, parent] of this.#asked) {
      const pattern = this.#patternOf(parent);
      if (pattern?.test(name)) return "all";
      if (pattern === undefined) reach = "some";
    }
    return reach;
  }

  get all(): SocketGuardContext[] {
    return [...(this.#wide ? [this.#wide] : []), ...this.#own.values()];
  }

  /**
   * The guard of a client whose namespace is not known yet: that of the server, or else the one with the longest
   * handshake.
   */
  get fallback(): SocketGuardContext {
    const own = [...this.#own.values()];
    const [longest] = own.sort((one, other) => other.gate.limits.handshake - one.gate.limits.handshake);
    return this.#wide ?? (longest as SocketGuardContext);
  }

  /** The limits of a client whose namespace is not known yet. */
  get limits(): Required<Limits> {
    return this.fallback.gate.limits;
  }

  #contextOf(parent: BareNamespace): SocketGuardContext | undefined {
    return this.#own.get(parent) ?? this.#wide;
  }

  /**
   * The parents whose answer matters: all up to the last guarded one. Without a guard of the server, only the guarded
   * ones.
   */
  get #asked(): readonly Parent[] {
    const parents = [...this.io.parentNsps];
    let last = parents.length;
    while (last > 0 && !this.#own.has((parents[last - 1] as Parent)[1])) last -= 1;
    return parents.slice(0, last).filter(([, parent]) => this.#contextOf(parent) !== undefined);
  }

  #find(parents: readonly Parent[], from: number, name: string, auth: unknown): ClientGuard | Promise<ClientGuard> {
    for (const [offset, [decide, parent]] of parents.slice(from).entries()) {
      const context = this.#contextOf(parent) as SocketGuardContext;
      const acceptance = askAcceptance(decide, name, auth, context.gate.timeouts.connect);
      const next = from + offset + 1;
      if (acceptance instanceof Promise) {
        return acceptance.then((later) => guardBy(context, later) ?? this.#find(parents, next, name, auth));
      }
      const guard = guardBy(context, acceptance);
      if (guard) return guard;
    }
    return { context: this.#wide };
  }

  #patternOf(parent: BareNamespace): RegExp | undefined {
    for (const [pattern, child] of this.io.parentNamespacesFromRegExp ?? []) if (child === parent) return pattern;
    return undefined;
  }
}

const keyOf = (namespace: BareNamespace) => (namespace.children ? namespace : namespace.name);

function guardBy(context: SocketGuardContext, acceptance: Acceptance): ClientGuard | undefined {
  if (acceptance === false) return undefined;
  return acceptance === true ? { context } : { context, fault: acceptance };
}
