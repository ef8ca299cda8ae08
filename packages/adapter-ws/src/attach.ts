import { PermissionMisuse, type Policy, type Scope } from "@portcullis/core";
import { Gate, type GuardOf, type GuardSession, type ServableConsumer } from "@portcullis/core/adapter";
import type { WebSocket, WebSocketServer } from "ws";
import { addToUpgrade } from "./answer-headers.js";
import type { HttpServer } from "./handshake-timeout.js";
import { closeSoon } from "./close.js";
import { pingOf } from "./codecs/heartbeat.js";
import type { GuardContext } from "./connection.js";
import { type BareSocket, type GuardedClass, guardedClass } from "./guarded-socket.js";
import { readOptions, type WsGuardOptions } from "./options.js";
import { probe } from "./probe.js";
import { Upgrade, type VerifyClient } from "./upgrade.js";

/** What stands in front of a server of ws. `P` is what `replace` takes, `S` the scope of its sessions. */
export interface Guard<P = Policy, S = Scope> extends GuardOf<WebSocket, P, S> {}

/** Marks a guarded server, across copies of this package. */
const GUARDED = Symbol.for("@portcullis/adapter-ws/guarded");

/**
 * Puts a gate in front of a server: on the options of this instance, which ws reads for each handshake.
 *
 * @throws {PermissionMisuse} When this is no server of ws, or it is guarded already, or an option is wrong.
 */
export function attach<P, S>(
  place: string,
  wss: WebSocketServer,
  policy: unknown,
  given: WsGuardOptions,
  served?: ServableConsumer,
): Guard<P, S> {
  checkServer(place, wss);
  const { own, common } = readOptions(place, given);
  const { codec, listenerGrace, refuse, challenge, fairScheduling } = own;
  if (served && codec.reply === undefined) {
    throw new PermissionMisuse(`${place} got a \`codec\` without reply(): handlers need it to answer`);
  }
  const gate = new Gate(place, policy, common, served);
  probe(wss, place);
  const { options } = wss;
  const Base = options.WebSocket as typeof WebSocket;
  const { allowSynchronousEvents } = options as { allowSynchronousEvents?: boolean };
  // INVARIANT: what one client sends is never handled in one go, however much of it is there: others have their turn.
  const takesTurns = fairScheduling && allowSynchronousEvents !== false;
  const front: GuardContext = {
    gate,
    codec,
    isPing: codec.heartbeat && pingOf(codec.heartbeat),
    listenerGrace,
    sayUnheard: sayOnce(place, listenerGrace),
    bare: Base.prototype as BareSocket,
    turns: takesTurns,
  };
  const upgrade = new Upgrade(
    front,
    wss,
    (options.verifyClient ?? undefined) as VerifyClient | undefined,
    challenge,
    refuse,
  );
  const Guarded = guardedClass(Base, () => upgrade.take());
  // INVARIANT: ws takes the form with a callback for one of exactly two parameters.
  const verifyClient: VerifyClient = (info, answer) => upgrade.verify(info, answer as never);
  Object.assign(options, { verifyClient, WebSocket: Guarded });
  if (takesTurns) Object.assign(options, { allowSynchronousEvents: false });
  Object.defineProperty(wss, GUARDED, { value: true });
  wss.on("headers", addToUpgrade);
  for (const socket of wss.clients ?? []) expel(socket as BareSocket);
  watchServer(wss, upgrade);
  return {
    sessions: gate.sessions as never,
    sessionOf: (socket) => Guarded.connectionOf(socket)?.session as GuardSession<S> | undefined,
    replace: (next) => gate.replace(next),
    audit: () => audit(wss, verifyClient, Guarded),
    close: () => gate.close(),
  };
}

/** Says, of the first message alone, that it was allowed and nobody listened. */
function sayOnce(place: string, grace: number): () => void {
  let isSaid = false;
  return () => {
    if (isSaid) return;
    isSaid = true;
    console.warn(
      `${place}: a message was allowed, and after ${grace} ms (\`listenerGrace\`) nobody listened for it: write ` +
        'socket.on("message", ...) in the connection listener, or use serve()',
    );
  };
}

function checkServer(place: string, wss: WebSocketServer): void {
  const { options, handleUpgrade } = (wss ?? {}) as Partial<WebSocketServer>;
  if (typeof options !== "object" || options === null || typeof handleUpgrade !== "function") {
    throw new PermissionMisuse(`${place} needs a WebSocketServer of ws, as in ${place.slice(0, -1)}wss, ...)`);
  }
  if (wss[GUARDED as never]) throw new PermissionMisuse(`${place}: this server is guarded already: guard it once`);
}

/** A socket that was open before nobody has judged: nothing of it reaches a handler any more. */
function expel(socket: BareSocket): void {
  const { emit } = socket;
  socket.emit = (event: string | symbol, ...values: unknown[]) =>
    event === "message" ? false : emit.call(socket, event, ...values);
  // What its client does wrong on its way out must not end the process.
  socket.on("error", () => {});
  socket.resume();
  closeSoon(socket, 1012, "guarded");
}

function watchServer(wss: WebSocketServer, { clock }: Upgrade): void {
  // A server that ws has made itself is in no option.
  const { options, _server: own } = wss as unknown as { options: { server?: HttpServer | null }; _server?: HttpServer };
  const server = options.server ?? own;
  if (server) wss.once("close", clock.watch(server));
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
  if (count > 0) found.push(`open connections that did not come through this guard, and hand on nothing: ${count}`);
  return found;
}
