import type { IncomingMessage } from "node:http";
import { PermissionMisuse, type Policy, type ReplaceOptions, type Scope } from "@portcullis/core";
import { type AttachedServer, createGuard, type Gate, type GuardOf } from "@portcullis/core/adapter";
import { printLine } from "@portcullis/core/internal";
import type { WebSocket, WebSocketServer } from "ws";
import { addToUpgrade } from "./answer-headers.js";
import { closeSoon } from "./close.js";
import { type GuardedClass, guardedClass } from "./guarded-socket.js";
import type { HttpServer } from "./handshake-timeout.js";
import { OWN_OPTIONS, type OwnOptions, readOptions, type WsGuardOptions } from "./options.js";
import { pingOf } from "./ping.js";
import { probe } from "./probe.js";
import { Upgrade, type VerifyClient } from "./upgrade.js";
import type { BareSocket } from "./ws-internals.js";

/**
 * The guard of a server of ws. `P` and `O` are the arguments of `replace`, `S` is the scope of its sessions, `N` are the
 * names of its actions.
 */
export interface Guard<P = Policy, S = Scope, N extends string = string, O = ReplaceOptions<IncomingMessage>>
  extends GuardOf<WebSocket, P, S, N, O> {}

/** Marks a guarded server, across copies of this package. */
const GUARDED = Symbol.for("@portcullis/adapter-ws/guarded");

/**
 * Attaches a guard to a server. It replaces `verifyClient` and `WebSocket` in the options of this instance, which ws
 * reads for each handshake.
 *
 * @throws {PermissionMisuse} When `wss` is not a server of ws, is guarded already, or an option is wrong.
 */
export function attach<P, S>(
  caller: "guard()" | "serve()",
  wss: WebSocketServer,
  rules: unknown,
  options: WsGuardOptions,
): Guard<P, S> {
  checkServer(caller, wss);
  return createGuard<IncomingMessage, WebSocket, P, S>({
    caller,
    rules,
    options,
    ownOptions: OWN_OPTIONS,
    attach(gate) {
      const own = readOptions(caller, options, gate.served !== undefined);
      probe(wss, caller);
      return attachGate(caller, wss, gate, own);
    },
  });
}

function attachGate(
  caller: string,
  wss: WebSocketServer,
  gate: Gate<IncomingMessage>,
  own: OwnOptions,
): AttachedServer<WebSocket> {
  const { options } = wss;
  const Base = options.WebSocket as typeof WebSocket;
  const { allowSynchronousEvents } = options as { allowSynchronousEvents?: boolean };
  const { codec, listenerGrace, fairScheduling } = own;
  // INVARIANT: a burst of one client is spread over several turns of the event loop, so that other clients are served.
  const isFair = fairScheduling && allowSynchronousEvents !== false;
  const upgrade = new Upgrade(wss, {
    gate,
    options: own,
    frames: { ...own, gate },
    isPing: codec.heartbeat && pingOf(codec.heartbeat),
    warnUnheard: warnOnce(caller, listenerGrace),
    bare: Base.prototype as BareSocket,
    isFair,
  });
  const Guarded = guardedClass(Base, () => upgrade.takeConnection());
  // INVARIANT: ws passes a callback only to a `verifyClient` of exactly two parameters.
  const verifyClient: VerifyClient = (info, answer) => upgrade.verify(info, answer as never);
  Object.assign(options, { verifyClient, WebSocket: Guarded });
  if (isFair) Object.assign(options, { allowSynchronousEvents: false });
  Object.defineProperty(wss, GUARDED, { value: true });
  wss.on("headers", addToUpgrade);
  for (const socket of wss.clients ?? []) disconnectUnguarded(socket as BareSocket);
  watchServer(wss, upgrade);
  const strangers = disconnectStrangers(wss, Guarded);
  return {
    sessionOf: (socket) => Guarded.connectionOf(Object(socket))?.session,
    audit: () => [...audit(wss, verifyClient, Guarded), ...strangers],
  };
}

/** Warns once, for the first allowed message that no listener received. */
function warnOnce(caller: string, grace: number): () => void {
  let hasWarned = false;
  return () => {
    if (hasWarned) return;
    hasWarned = true;
    printLine(
      "warn",
      `portcullis: ${caller}: a message was allowed, and after ${grace} ms (\`listenerGrace\`) nobody listened for it: write ` +
        'socket.on("message", ...) in the connection listener, or use serve()',
    );
  };
}

function checkServer(caller: string, wss: WebSocketServer): void {
  const { options, handleUpgrade } = (wss ?? {}) as Partial<WebSocketServer>;
  if (typeof options !== "object" || options === null || typeof handleUpgrade !== "function") {
    throw new PermissionMisuse(`${caller} needs a WebSocketServer of ws, as in ${caller.slice(0, -1)}wss, ...)`);
  }
  if (wss[GUARDED as never]) {
    throw new PermissionMisuse(
      `${caller}: this server is guarded already: guard it once, and call guarded.replace(policy, options) to change its rules`,
    );
  }
}

/** Closes a socket that was open before the guard was attached. Its messages no longer reach a listener. */
function disconnectUnguarded(socket: BareSocket): void {
  const { emit } = socket;
  socket.emit = (event: string | symbol, ...values: unknown[]) =>
    event === "message" ? false : emit.call(socket, event, ...values);
  // Without a listener, a protocol error during the close would be thrown and end the process.
  socket.on("error", () => {});
  socket.resume();
  closeSoon(socket, 1012, "guarded");
}

/**
 * Closes sockets of another server, which an application has emitted on this one: they have not passed the guard.
 *
 * @returns The sentence for `audit()`, once there was one.
 */
function disconnectStrangers(wss: WebSocketServer, Guarded: GuardedClass): ReadonlySet<string> {
  const problems = new Set<string>();
  wss.prependListener("connection", (socket: BareSocket) => {
    if (Guarded.connectionOf(socket) || wss.clients?.has(socket as never)) return;
    problems.add("sockets of another server were emitted as `connection`, and were closed: guard that server");
    disconnectUnguarded(socket);
  });
  return problems;
}

function watchServer(wss: WebSocketServer, { timeout }: Upgrade): void {
  // With the option `port`, ws creates the HTTP server itself and keeps it in `_server`.
  const { options, _server: own } = wss as unknown as { options: { server?: HttpServer | null }; _server?: HttpServer };
  const server = options.server ?? own;
  if (server) wss.once("close", timeout.watch(server));
}

function audit({ options, clients }: WebSocketServer, verifyClient: unknown, Guarded: GuardedClass): string[] {
  const found: string[] = [];
  if (options.verifyClient !== verifyClient)
    found.push("`options.verifyClient` was replaced: handshakes are not asked");
  if ((options.WebSocket as unknown) !== Guarded) {
    found.push("`options.WebSocket` was replaced: connections are cut as soon as they are open");
  }
  let count = 0;
  for (const socket of clients ?? []) if (!Guarded.connectionOf(socket)) count += 1;
  if (count > 0) found.push(`open connections that did not come through this guard, and deliver nothing: ${count}`);
  return found;
}
