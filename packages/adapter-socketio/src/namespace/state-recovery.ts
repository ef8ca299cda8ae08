import { randomBytes } from "node:crypto";
import type { BareAdapter, BareSocket, KeptSession } from "../socketio-internals.js";
import type { Kept } from "./kept-rights.js";
import { KeptSessions } from "./kept-sessions.js";

const EVENT = 2;
/**
 * The properties that store the principal of a session and its authorization beside the data of socket.io. They are
 * texts, so any adapter can store them.
 */
const PRINCIPAL = "portcullis:principal";
const RIGHT = "portcullis:right";

/** The principal of a session that was stored without a guard. */
export const UNGUARDED = "unguarded";

/** The session of a returning client, until it is restored. */
export interface DeferredRecovery {
  readonly session: KeptSession;
  /** Looks the session up again, to find packets that were sent since then. */
  readonly again: () => Promise<KeptSession | null>;
  /** The sessions of the same adapter. */
  readonly all: KeptSessions;
}

const adapters = new WeakSet<BareAdapter>();
/** Sessions by an object that stands for their data until the socket exists. */
const sessions = new WeakMap<object, DeferredRecovery>();

/**
 * Makes an adapter store the principal and the authorization of each session, and return resumed sessions without their
 * id, rooms and packets. socket.io would otherwise join rooms and send packets before any rule is evaluated. The socket
 * becomes the resumed one only if {@link isFree} returns true, and {@link keptOf} is in force.
 *
 * @param describe Describes the socket with that id.
 * @param lifetime Milliseconds for which a session can be restored.
 */
export function deferRecovery(
  adapter: BareAdapter,
  describe: (id: string) => Kept | undefined,
  lifetime: number,
): void {
  const { restoreSession, persistSession } = adapter;
  if (typeof restoreSession !== "function" || adapters.has(adapter)) return;
  adapters.add(adapter);
  const all = new KeptSessions(lifetime);
  adapter.persistSession = (session) => {
    const { principal, right, mark } = describe(session.sid) ?? {};
    all.keep(session.pid, mark);
    return persistSession?.call(adapter, { ...session, [PRINCIPAL]: principal, [RIGHT]: right } as never);
  };
  adapter.restoreSession = async (id, offset) => {
    const again = async () => restoreSession.call(adapter, id, offset);
    const session = await again();
    if (!session) return session;
    const data = {};
    sessions.set(data, { session, again, all });
    return { ...session, sid: newId(), pid: newId(), data, rooms: [], missedPackets: [] };
  };
}

/** Makes an id as socket.io does. */
const newId = (): string => randomBytes(15).toString("base64url");

/** The stored session of a socket. Until it is restored, the socket counts as new. */
export function takeRecovery(socket: BareSocket): DeferredRecovery | undefined {
  const recovery = sessions.get(Object(socket.data));
  if (recovery) socket.recovered = false;
  return recovery;
}

/** What was stored of the authorization of a session. */
export function keptOf({ session, all }: DeferredRecovery): Kept {
  const { [PRINCIPAL]: principal, [RIGHT]: right } = session as { [PRINCIPAL]?: string; [RIGHT]?: string };
  return { principal, right, mark: all.markOf(session.pid) };
}

/** True when no other socket has resumed a session. It can be resumed once: its rooms may have changed since then. */
export function isFree({ session, all }: DeferredRecovery, { nsp }: BareSocket): boolean {
  const { sockets, _preConnectSockets: waiting } = nsp;
  return !sockets.has(session.sid) && !waiting?.has(session.sid) && !all.isUsed(session.pid);
}

/**
 * Restores the ids and the data of a socket, joins its rooms, and sends the packets that it has missed. If the adapter
 * can look up a session twice, these include the packets sent up to now.
 *
 * @param isInForce False when the authorization has ended meanwhile. The socket is a new one then.
 */
export async function restoreRecovery(
  socket: BareSocket,
  { session, again, all }: DeferredRecovery,
  isInForce: () => boolean,
): Promise<void> {
  const newer = socket.data;
  restore(socket, session);
  const rooms = [...session.rooms];
  await Promise.all(rooms.map((room) => socket.join(room)));
  // Looked up last, because packets sent to its rooms while it joins them reach it in no other way.
  const { missedPackets } = (await again().catch(() => undefined)) ?? session;
  if (isInForce()) for (const data of missedPackets) socket.packet({ type: EVENT, data });
  else {
    await Promise.all(rooms.map((room) => socket.leave(room)));
    Object.assign(socket, { data: newer, pid: newId(), recovered: false });
  }
  if (socket.conn.readyState === "open") all.use(session.pid);
}

function restore(socket: BareSocket, { sid, pid, data }: KeptSession): void {
  const waiting = socket.nsp._preConnectSockets;
  if (waiting?.delete(socket.id)) waiting.set(sid, socket);
  // Data that middlewares set before the principal was known is newer.
  const newer = socket.data;
  socket.data = typeof data === "object" && data !== null ? Object.assign(data, newer) : (data ?? newer);
  socket.id = sid;
  socket.pid = pid;
  socket.recovered = true;
}
