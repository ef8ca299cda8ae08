import type { Limits } from "@portcullis/core";
import { PermissionMisuse } from "@portcullis/core";
import type { BareNamespace, BareServer, Decide } from "../socketio-internals.js";
import { type Acceptance, askAcceptance } from "./accepted-namespace.js";
import type { GuardContext } from "./guard-context.js";
import type { NamespaceConnection } from "./namespace-connection.js";

/** A guard of this adapter. */
export type SocketGuardContext = GuardContext<NamespaceConnection>;

/** Stands for a guard that depends on the client: the guarded function or pattern that accepts it decides. */
export const BY_CLIENT = Symbol.for("@portcullis/adapter-socketio/by-client");

/** The guard of a namespace. */
export type Cover = SocketGuardContext | typeof BY_CLIENT | undefined;

/** The guard of one client in a namespace; with a fault, one that refuses it unasked. */
export interface ClientGuard {
  readonly context: SocketGuardContext | undefined;
  readonly fault?: Exclude<Acceptance, boolean>;
}

type Parent = readonly [decide: Decide, parent: BareNamespace];

/** Finds the guard of a namespace: its own, that of its parent, of a parent that would accept, or the server's. */
export class GuardRegistry {
  #wide: SocketGuardContext | undefined;
  /** By name of the namespace, since one that is cleaned up may come again; or by the parent of namespaces. */
  readonly #own = new Map<string | BareNamespace, SocketGuardContext>();
  readonly #parents = new WeakMap<BareNamespace, BareNamespace>();

  constructor(private readonly io: BareServer) {}

  /** @throws {PermissionMisuse} When there is one already. */
  add(caller: string, namespace: BareNamespace | undefined, context: SocketGuardContext): void {
    if (namespace === undefined ? this.#wide : this.#own.has(keyOf(namespace))) {
      const what = namespace === undefined ? "this server" : `the namespace "${namespace.name}"`;
      throw new PermissionMisuse(`${caller}: ${what} is guarded already: guard it once`);
    }
    if (namespace === undefined) this.#wide = context;
    else this.#own.set(keyOf(namespace), context);
  }

  /** Remembers of which parent a namespace was made. */
  trackParent(namespace: BareNamespace): void {
    for (const parent of this.io.parentNsps.values()) {
      if (parent.children?.has(namespace)) this.#parents.set(namespace, parent);
    }
  }

  /**
   * The guard of a namespace. One that was made by its name is no child of a pattern or a function, though it has a name
   * that they may accept. The main namespace is always there, so it is never theirs.
   */
  coverOf(namespace: BareNamespace): Cover {
    const parent = this.#parents.get(namespace);
    const closest = this.#own.get(keyOf(namespace)) ?? (parent && this.#own.get(parent));
    if (closest || namespace.children || namespace.name === "/") return closest ?? this.#wide;
    return this.#asked.length > 0 ? BY_CLIENT : this.#wide;
  }

  /**
   * Asks the parents in the order in which socket.io does: the first that accepts guards this client. One that fails
   * refuses. Never throws, never rejects.
   */
  find(name: string, auth: unknown): ClientGuard | Promise<ClientGuard> {
    return this.#find(this.#asked, 0, name, auth);
  }

  /** A guard for a client of whom nobody has found out which guard it has. */
  get first(): SocketGuardContext {
    const [[, parent]] = this.#asked as [Parent];
    return this.#contextOf(parent) as SocketGuardContext;
  }

  /** Tells for whom the guards by client hold in a namespace: everybody, some, or nobody. */
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

  /** The guard of a client whose namespace is not known yet: the server's, else the one with the longest handshake. */
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

  /** The parents whose answer makes a difference: up to the last that is guarded; where nothing else guards, those alone. */
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
    for (const [pattern, made] of this.io.parentNamespacesFromRegExp ?? []) if (made === parent) return pattern;
    return undefined;
  }
}

const keyOf = (namespace: BareNamespace) => (namespace.children ? namespace : namespace.name);

function guardBy(context: SocketGuardContext, acceptance: Acceptance): ClientGuard | undefined {
  if (acceptance === false) return undefined;
  return acceptance === true ? { context } : { context, fault: acceptance };
}
