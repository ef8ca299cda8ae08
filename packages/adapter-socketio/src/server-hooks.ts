import type { Decision } from "@portcullis/core";
import { badMessage, decisionFromError } from "@portcullis/core/adapter";
import { FaultLog } from "@portcullis/core/internal";
import type { EngineConnection } from "./engine/engine-connection.js";
import { EngineConnections } from "./engine/engine-connections.js";
import type { Target } from "./guard-target.js";
import { ChildCleanup } from "./namespace/child-cleanup.js";
import { ClientGuards } from "./namespace/client-guards.js";
import type { GuardContext } from "./namespace/guard-context.js";
import { BY_CLIENT, GuardRegistry, type SocketGuardContext } from "./namespace/guard-registry.js";
import { NamespaceConnection } from "./namespace/namespace-connection.js";
import { watchLookups } from "./namespace/namespace-lookups.js";
import { authTooLarge, connectError, tooOften } from "./namespace/refusal.js";
import { type NamespaceRequest, reportRefusal } from "./namespace/refused-request.js";
import { deferRecovery } from "./namespace/state-recovery.js";
import { admitUnguarded, withWatchedMiddlewares } from "./namespace/unguarded.js";
import {
  type BareClient,
  type BareNamespace,
  type BareServer,
  type BareSocket,
  override,
  recoveryTimeOf,
} from "./socketio-internals.js";

/** The key of a server's hooks, shared by all copies of this package. */
const HOOKS = Symbol.for("@portcullis/adapter-socketio/hooks");

const METHODS = ["_add", "run", "_doConnect"] as const;
type HookedMethods = Pick<BareNamespace, (typeof METHODS)[number]>;

/** The hooks in all namespaces of one server. */
export class Hooks {
  readonly registry: GuardRegistry;
  readonly #guards: ClientGuards;
  readonly #connections: EngineConnections;
  readonly #hooked = new WeakMap<BareNamespace, HookedMethods>();
  /** Prints faults that belong to no guard. */
  readonly #log = new FaultLog();

  /** The hooks of a server. They are installed when it is first guarded. */
  static of(io: BareServer): Hooks {
    const holder = io as BareServer & { [HOOKS]?: Hooks };
    if (holder[HOOKS] === undefined) Object.defineProperty(io, HOOKS, { value: new Hooks(io) });
    return holder[HOOKS] as Hooks;
  }

  private constructor(private readonly io: BareServer) {
    const registry = new GuardRegistry(io);
    this.registry = registry;
    this.#guards = new ClientGuards(registry);
    this.#connections = new EngineConnections(() => ({
      limits: registry.limits,
      isFair: registry.all.some((context) => context.options.fairScheduling),
    }));
    const { connectionStateRecovery } = io.opts;
    // Otherwise a resumed connection would be open before any rule is evaluated. The options are copied, because they
    // belong to the application and several servers may share them.
    if (connectionStateRecovery) {
      io.opts = { ...io.opts, connectionStateRecovery: { ...connectionStateRecovery, skipMiddlewares: false } };
    }
    for (const namespace of io._nsps.values()) this.#hook(namespace);
    // No event is used, because an application that removes all listeners would leave later namespaces unguarded.
    const { set } = io._nsps;
    override(io._nsps, "set", (name, namespace) => {
      set.call(io._nsps, name, namespace);
      this.#hook(namespace);
      return io._nsps;
    });
    watchLookups(io, {
      fault: (error) => void this.#printFault(error),
      refused: (engine, request, decision) => this.#refuse(engine, registry.fallback, request, decision),
    });
    const { bind, engine } = io;
    if (engine) this.#connections.watch(engine);
    override(io, "bind", (next) => {
      this.#connections.watch(next);
      return bind.call(io, next);
    });
  }

  /**
   * Puts a guard in force.
   *
   * @throws {PermissionMisuse} When the subject is already guarded.
   */
  add(caller: string, { namespace }: Target, context: SocketGuardContext): void {
    this.registry.add(caller, namespace, context);
    this.#guards.reset();
    for (const each of this.io._nsps.values()) {
      for (const socket of [...each.sockets.values()]) {
        if (this.#guards.isConcerned(context, each, socket)) disconnectUnguarded(socket);
      }
    }
  }

  /** True when the hooks of a namespace are still installed. */
  isHooked(namespace: BareNamespace): boolean {
    const hooked = this.#hooked.get(namespace);
    return METHODS.every((name) => hooked?.[name] === namespace[name]);
  }

  #hook(namespace: BareNamespace): void {
    this.registry.trackParent(namespace);
    const cleanup = new ChildCleanup(namespace);
    const hooked: HookedMethods = {
      _add: this.#hookAdd(namespace, cleanup),
      run: this.#hookRun(namespace),
      _doConnect: this.#hookConnect(namespace),
    };
    for (const name of METHODS) override(namespace, name, hooked[name] as never);
    override(namespace, "_remove", (socket) => {
      cleanup.remove(socket);
      this.#connections.find(socket.conn)?.auths.free(socket);
    });
    this.#hooked.set(namespace, hooked);
  }

  #hookAdd(namespace: BareNamespace, cleanup: ChildCleanup): BareNamespace["_add"] {
    const { _add: add } = namespace;
    return async (client, auth, whenOpen) => {
      const engine = this.#connections.of(client.conn);
      const stopWaiting = engine.timeout.waitForOthers();
      cleanup.begin();
      try {
        if (await this.#beginHandshake(namespace, client, auth)) await add.call(namespace, client, auth, whenOpen);
      } catch (error) {
        // socket.io does not await this promise, so a rejection would end the process.
        const request = { client, name: namespace.name, auth };
        this.#refuse(engine, this.#guards.ofRequest(namespace), request, decisionFromError(error, "guard"));
      } finally {
        engine.auths.free(Object(auth));
        stopWaiting();
        cleanup.finish();
      }
    };
  }

  #hookRun(namespace: BareNamespace): BareNamespace["run"] {
    const { run } = namespace;
    return (socket, done) => {
      const engine = this.#connections.of(socket.conn);
      engine.auths.transfer(Object(socket.handshake.auth), socket);
      const { context, fault } = this.#guards.of(namespace, socket);
      if (context === undefined) {
        const middlewares = (next: typeof done) => run.call(namespace, socket, next);
        const refusalOf = (error: unknown) => connectError(this.#printFault(error));
        admitUnguarded(socket, engine, { middlewares, done, refusalOf });
        return;
      }
      this.#connectionOf(context, socket).admit(
        (next, fail) => run.call(withWatchedMiddlewares(namespace, fail), socket, next),
        done,
        fault,
      );
    };
  }

  #hookConnect(namespace: BareNamespace): BareNamespace["_doConnect"] {
    const { _doConnect: connect } = namespace;
    return (socket, whenOpen) => {
      const proceed = () => connect.call(namespace, socket, whenOpen);
      const { context } = this.#guards.of(namespace, socket);
      if (context) this.#connectionOf(context, socket).open(proceed);
      else proceed();
    };
  }

  /** Begins the handshake of a client with a namespace. Returns true when socket.io may create a socket. */
  async #beginHandshake(namespace: BareNamespace, client: BareClient, auth: unknown): Promise<boolean> {
    const { name } = namespace;
    const { registry } = this;
    const cover = registry.coverOf(namespace);
    const engine = this.#connections.of(client.conn);
    const limits = cover === undefined || cover === BY_CLIENT ? registry.limits : cover.gate.limits;
    engine.trackClient(client, (other) => this.io._nsps.has(other));
    const answer = cover ? engine.beginHandshake(name, limits) : "ask";
    const refusal = answer === "ask" ? reserveAuth(engine, auth) : answer === "refuse" ? tooOften(limits) : undefined;
    if (refusal) this.#refuse(engine, this.#guards.ofRequest(namespace), { client, name, auth }, refusal);
    if (answer !== "ask" || refusal) return false;
    await engine.membership.whenLeft(name);
    if (cover === BY_CLIENT) {
      // socket.io drops the request of a client that is gone, so its guard is not looked up.
      const { context } = await this.#guards.find(name, auth, client.conn.readyState === "open");
      if (context === undefined) engine.skipHandshake(name);
    }
    if (cover) deferRecovery(namespace.adapter, (id) => this.#guards.keptAt(namespace, id), recoveryTimeOf(this.io));
    return true;
  }

  #connectionOf(context: SocketGuardContext, socket: BareSocket): NamespaceConnection {
    let connection = context.connections.get(socket);
    if (connection === undefined) {
      connection = new NamespaceConnection(context, socket, this.#connections.of(socket.conn));
      context.connections.set(socket, connection);
    }
    return connection;
  }

  /** Refuses a CONNECT that has no socket. */
  #refuse(
    engine: EngineConnection,
    guard: GuardContext | undefined,
    request: NamespaceRequest,
    decision: Decision,
  ): void {
    if (guard) reportRefusal(guard, engine, request, decision);
    else this.#log.tell(decision, "connect");
    engine.refuse(request.client, request.name, connectError(decision));
  }

  /** Prints a fault that belongs to no guard. */
  #printFault(error: unknown): Decision {
    const decision = decisionFromError(error, "guard");
    this.#log.tell(decision, "connect");
    return decision;
  }
}

/** Disconnects a socket that was open before it was guarded. None of its later events reaches a handler. */
function disconnectUnguarded(socket: BareSocket): void {
  override(socket, "onevent", () => {});
  socket.disconnect();
}

/** Reserves room for the `auth` of a client. Returns the refusal when there is none. */
function reserveAuth(engine: EngineConnection, auth: unknown): Decision | undefined {
  // The parser of socket.io accepts only objects.
  if (typeof auth !== "object" || auth === null) return badMessage();
  return engine.reserveAuth(auth) ? undefined : authTooLarge();
}
