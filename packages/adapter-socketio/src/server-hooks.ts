import { isPromise } from "node:util/types";
import { type Decision, fault, PermissionMisuse } from "@portcullis/core";
import { badMessage, decisionFromError, FaultLog, type Limits, throwAsync } from "@portcullis/core/adapter";
import { authTooLarge, EngineConnection } from "./engine/engine-connection.js";
import { ChildCleanup } from "./namespace/child-cleanup.js";
import { BY_CLIENT, type Found, Fronts } from "./namespace/guard-registry.js";
import { type GuardContext, type Middlewares, NamespaceConnection } from "./namespace/namespace-connection.js";
import { watchLookups } from "./namespace/namespace-lookups.js";
import { connectError } from "./namespace/refusal.js";
import { type NamespaceRequest, reportRefusal } from "./namespace/refused-request.js";
import { giveBack, isOf, takeWithheld, UNGUARDED, withhold } from "./namespace/state-recovery.js";
import {
  type BareClient,
  type BareConnection,
  type BareEngine,
  type BareNamespace,
  type BareServer,
  type BareSocket,
  type Done,
  override,
  type Target,
} from "./socketio-internals.js";

/** Where a server keeps its hooks, across copies of this package. */
const HOOKS = Symbol.for("@portcullis/adapter-socketio/hooks");

/** What stands in all namespaces of one server. */
export class Hooks {
  readonly fronts: Fronts;
  readonly #engines = new WeakSet<BareEngine>();
  readonly #lines = new WeakMap<BareConnection, EngineConnection>();
  readonly #hooked = new WeakMap<BareNamespace, Pick<BareNamespace, "_add" | "run" | "_doConnect">>();
  /** Of what has failed where no guard tells anybody. */
  readonly #log = new FaultLog();
  /** Which guard a client has where it depends on the client: by what it gave as `auth`, until it has a socket. */
  #found = new WeakMap<object, Found>();
  /** How many guards were put in force: what was found out before the last one does not count. */
  #generation = 0;

  /** The hooks of a server; they are put there when it is guarded first. */
  static of(io: BareServer): Hooks {
    const place = io as BareServer & { [HOOKS]?: Hooks };
    if (place[HOOKS] === undefined) Object.defineProperty(io, HOOKS, { value: new Hooks(io) });
    return place[HOOKS] as Hooks;
  }

  private constructor(private readonly io: BareServer) {
    this.fronts = new Fronts(io);
    const { connectionStateRecovery } = io.opts;
    // Else a connection that is resumed would be open before anybody is asked. In a copy: the options are the application's,
    // and several servers may share them.
    if (connectionStateRecovery) {
      io.opts = { ...io.opts, connectionStateRecovery: { ...connectionStateRecovery, skipMiddlewares: false } };
    }
    for (const namespace of io._nsps.values()) this.#hook(namespace);
    // Not by an event: whoever removes all listeners would open what comes later.
    const { set } = io._nsps;
    override(io._nsps, "set", (name, namespace) => {
      set.call(io._nsps, name, namespace);
      this.#hook(namespace);
      return io._nsps;
    });
    watchLookups(io, {
      fault: (error) => void this.#faultOf(error),
      refused: (line, request, decision) => this.#refuse(line, this.fronts.fallback, request, decision),
    });
    const { bind, engine } = io;
    if (engine) this.#watch(engine);
    override(io, "bind", (next) => {
      this.#watch(next);
      return bind.call(io, next);
    });
  }

  /**
   * Puts a guard in force.
   *
   * @throws {PermissionMisuse} When there is one already.
   */
  add(place: string, { namespace }: Target, front: GuardContext): void {
    this.fronts.add(place, namespace, front);
    // Who is on the way in may have another guard now: it is refused.
    this.#found = new WeakMap();
    this.#generation += 1;
    for (const each of this.io._nsps.values()) {
      for (const socket of [...each.sockets.values()]) if (this.#concerns(front, each, socket)) expel(socket);
    }
  }

  /** Whether an open socket is behind a new guard, or may be. */
  #concerns(front: GuardContext, namespace: BareNamespace, { handshake }: BareSocket): boolean {
    const cover = this.fronts.coverOf(namespace);
    if (cover !== BY_CLIENT) return cover === front;
    const found = this.fronts.find(namespace.name, handshake.auth);
    return found instanceof Promise || found.front === front;
  }

  /** Whether the hooks of a namespace are where they were put. */
  isHooked(namespace: BareNamespace): boolean {
    const hooked = this.#hooked.get(namespace);
    return (["_add", "run", "_doConnect"] as const).every((name) => hooked?.[name] === namespace[name]);
  }

  #hook(namespace: BareNamespace): void {
    this.fronts.meet(namespace);
    const { _add: add, run, _doConnect: connect } = namespace;
    const cleanup = new ChildCleanup(namespace);
    const hooked: Pick<BareNamespace, "_add" | "run" | "_doConnect"> = {
      _add: async (client, auth, whenOpen) => {
        const line = this.#lineOf(client.conn);
        const decided = line.wait();
        cleanup.begin();
        try {
          if (await this.#knock(namespace, client, auth)) await add.call(namespace, client, auth, whenOpen);
        } catch (error) {
          // Nobody waits for this: it would end the process.
          const request = { client, name: namespace.name, auth };
          this.#refuse(line, this.#guardOf(namespace), request, decisionFromError(error, "guard"));
        } finally {
          line.auths.release(Object(auth));
          decided();
          cleanup.finish();
        }
      },
      run: (socket, done) => {
        const middlewares: Middlewares = (next, fail) => run.call(watched(namespace, fail), socket, next);
        this.#lineOf(socket.conn).auths.pass(Object(socket.handshake.auth), socket);
        const { front, fault } = this.#foundOf(namespace, socket);
        if (front) this.#connectionOf(front, socket).admit(middlewares, done, fault);
        else this.#pass(socket, (next) => run.call(namespace, socket, next), done);
      },
      _doConnect: (socket, whenOpen) => {
        const proceed = () => connect.call(namespace, socket, whenOpen);
        const { front } = this.#foundOf(namespace, socket);
        if (front) this.#connectionOf(front, socket).open(proceed);
        else proceed();
      },
    };
    for (const name of ["_add", "run", "_doConnect"] as const) override(namespace, name, hooked[name] as never);
    override(namespace, "_remove", (socket) => {
      cleanup.remove(socket);
      this.#lines.get(socket.conn)?.auths.release(socket);
    });
    this.#hooked.set(namespace, hooked);
  }

  /** A client asks for a namespace. Returns whether socket.io may hear of it. */
  async #knock(namespace: BareNamespace, client: BareClient, auth: unknown): Promise<boolean> {
    const { name } = namespace;
    const cover = this.fronts.coverOf(namespace);
    const line = this.#lineOf(client.conn);
    const limits = cover === undefined || cover === BY_CLIENT ? this.fronts.limits : cover.gate.limits;
    line.meet(client, (other) => this.io._nsps.has(other));
    const answer = cover ? line.begin(name, limits) : "ask";
    const refusal = answer === "ask" ? readAuth(line, auth) : answer === "refuse" ? tooOften(limits) : undefined;
    if (refusal) this.#refuse(line, this.#guardOf(namespace), { client, name, auth }, refusal);
    if (answer !== "ask" || refusal) return false;
    await line.leaving(name);
    let front = cover;
    if (front === BY_CLIENT) {
      // One that was cut off, or has left, is turned away by socket.io: nobody is asked about it.
      const isThere = client.conn.readyState === "open";
      const found = isThere ? await this.#find(name, auth) : { front: this.fronts.first };
      if (typeof auth === "object" && auth !== null) this.#found.set(auth, found);
      front = found.front;
      if (front === undefined) line.forgo(name);
    }
    if (cover) withhold(namespace.adapter, (id) => this.#principalOf(namespace, id));
    return true;
  }

  /** Asks which guard a client has. INVARIANT: one that is put in force meanwhile is not passed by. */
  async #find(name: string, auth: unknown): Promise<Found> {
    const generation = this.#generation;
    const found = await this.fronts.find(name, auth);
    return generation === this.#generation ? found : { front: this.fronts.first, fault: unknownGuard() };
  }

  /** The guard of a socket. INVARIANT: where it depends on the client and nobody has looked, there is one that refuses. */
  #foundOf(namespace: BareNamespace, socket: BareSocket): Found {
    const cover = this.fronts.coverOf(namespace);
    if (cover !== BY_CLIENT) return { front: cover };
    // A middleware may put something else in place of `auth`.
    const found = this.#found.get(socket) ?? this.#found.get(Object(socket.handshake.auth));
    if (found === undefined) return { front: this.fronts.first, fault: unknownGuard() };
    this.#found.set(socket, found);
    return found;
  }

  #connectionOf(front: GuardContext, socket: BareSocket): NamespaceConnection {
    let connection = front.connections.get(socket);
    if (connection === undefined) {
      connection = new NamespaceConnection(front, socket, this.#lineOf(socket.conn));
      front.connections.set(socket, connection);
    }
    return connection;
  }

  #principalOf(namespace: BareNamespace, id: string): string | undefined {
    const socket = namespace.sockets.get(id);
    if (socket === undefined) return undefined;
    const { front } = this.#foundOf(namespace, socket);
    return front ? front.connections.get(socket)?.principal : UNGUARDED;
  }

  /** Nobody guards a client: the middlewares of the application decide, and it gets back what was withheld from it. */
  #pass(socket: BareSocket, middlewares: (next: Done) => void, done: Done): void {
    const decided = this.#lineOf(socket.conn).wait();
    let isDone = false;
    const tell: Done = (error) => {
      if (isDone) return;
      isDone = true;
      done(error);
      // socket.io opens it in the next tick.
      process.nextTick(decided);
    };
    const fail = (error: unknown) => tell(connectError(this.#faultOf(error)));
    const proceed = () => {
      try {
        middlewares(tell);
      } catch (error) {
        fail(error);
      }
    };
    const withheld = takeWithheld(socket);
    if (withheld === undefined || !isOf(withheld, UNGUARDED, socket)) proceed();
    else giveBack(socket, withheld).then(proceed, fail).catch(throwAsync);
  }

  /** The guard that answers for a CONNECT without a socket. */
  #guardOf(namespace: BareNamespace): GuardContext | undefined {
    const cover = this.fronts.coverOf(namespace);
    return cover === BY_CLIENT ? this.fronts.fallback : cover;
  }

  /** Refuses a CONNECT that has no socket. */
  #refuse(
    line: EngineConnection,
    guard: GuardContext | undefined,
    request: NamespaceRequest,
    decision: Decision,
  ): void {
    if (guard) reportRefusal(guard, line, request, decision);
    else this.#log.tell(decision, "connect");
    line.refuse(request.client, request.name, decision);
  }

  /** What has failed where no guard tells of it: it is printed. */
  #faultOf(error: unknown): Decision {
    const decision = decisionFromError(error, "guard");
    this.#log.tell(decision, "connect");
    return decision;
  }

  /**
   * Meets each connection of an engine first of all: what a listener does to it, it does later. INVARIANT: not by a listener
   * alone, which one that is prepended would overtake.
   */
  #watch(engine: BareEngine): void {
    if (this.#engines.has(engine)) return;
    this.#engines.add(engine);
    engine.on("connection", (connection) => this.#lineOf(connection));
    const { emit } = engine;
    if (typeof emit !== "function") return;
    override(engine, "emit", (event, ...values) => {
      if (event === "connection") this.#lineOf(values[0] as BareConnection);
      return emit.call(engine, event, ...values);
    });
  }

  #lineOf(connection: BareConnection): EngineConnection {
    let line = this.#lines.get(connection);
    if (line === undefined) {
      line = new EngineConnection(connection, this.fronts.limits, this.#isTurning);
      this.#lines.set(connection, line);
    }
    return line;
  }

  /** Whether a guard wants clients to take turns. */
  get #isTurning(): boolean {
    return this.fronts.all.some((front) => front.options.fairScheduling);
  }
}

/** A socket that was open before anybody was asked: nothing of it reaches a handler any more. */
function expel(socket: BareSocket): void {
  override(socket, "onevent", () => {});
  socket.disconnect();
}

/** Reads what a client gives as `auth`. Returns why it is refused. */
function readAuth(line: EngineConnection, auth: unknown): Decision | undefined {
  // The parser of socket.io lets nothing else through.
  if (typeof auth !== "object" || auth === null) return badMessage();
  return line.takes(auth) ? undefined : authTooLarge();
}

const tooOften = ({ undecodableWindow }: Required<Limits>): Decision =>
  fault("rate_limited", { retryAfter: Math.ceil(undecodableWindow / 1000) });

/** A namespace whose middlewares have their promises watched: socket.io waits for none. */
function watched(namespace: BareNamespace, fail: (error: unknown) => void): BareNamespace {
  if (!Array.isArray(namespace._fns)) return namespace;
  const fns = namespace._fns.map((middleware) => (socket: unknown, next: unknown) => {
    const returned = middleware(socket, next);
    if (isPromise(returned)) returned.catch(fail);
  });
  return Object.create(namespace, { _fns: { value: fns } }) as BareNamespace;
}

function unknownGuard(): Decision {
  return decisionFromError(new PermissionMisuse("nobody was asked which guard this client has"), "guard");
}
