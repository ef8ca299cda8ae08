import { randomBytes } from "node:crypto";
import type { BareAdapter, BareSocket, KeptSession } from "../socketio-internals.js";

const EVENT = 2;
/** Where the principal of a session is kept, beside what socket.io keeps: in a text, so that any adapter can. */
const PRINCIPAL = "portcullis:principal";

/** Whose a session is that was kept where nobody guards. */
export const UNGUARDED = "unguarded";

/** The session of a client that comes back, until it is restored. */
export interface DeferredRecovery {
  readonly session: KeptSession & { readonly [PRINCIPAL]?: unknown };
  /** Looks it up again: what was sent since then is in it. */
  readonly again: () => Promise<KeptSession | null>;
}

const adapters = new WeakSet<BareAdapter>();
/** By an object that stands for the data of the session until the socket is there. */
const sessions = new WeakMap<object, DeferredRecovery>();

/**
 * Makes an adapter keep whose a session is, and hand out sessions that are resumed without anything of what they were:
 * socket.io would join rooms and send before anybody was asked. What it makes is a new session, and becomes the one that
 * was found only where {@link isOf} says so.
 *
 * @param principalOf The principal behind the socket of that id.
 */
export function deferRecovery(adapter: BareAdapter, principalOf: (id: string) => string | undefined): void {
  const { restoreSession, persistSession } = adapter;
  if (typeof restoreSession !== "function" || adapters.has(adapter)) return;
  adapters.add(adapter);
  adapter.persistSession = (session) =>
    persistSession?.call(adapter, { ...session, [PRINCIPAL]: principalOf(session.sid) } as never);
  adapter.restoreSession = async (id, offset) => {
    const again = async () => restoreSession.call(adapter, id, offset);
    const session = await again();
    if (!session) return session;
    const data = {};
    sessions.set(data, { session, again });
    return { ...session, sid: newId(), pid: newId(), data, rooms: [], missedPackets: [] };
  };
}

/** As socket.io makes them. */
const newId = (): string => randomBytes(15).toString("base64url");

/** The session of a socket, which is a new one until the session is restored. */
export function takeRecovery(socket: BareSocket): DeferredRecovery | undefined {
  const recovery = sessions.get(Object(socket.data));
  if (recovery) socket.recovered = false;
  return recovery;
}

/** True when a session belongs to a principal, and no other socket has it already. */
export function isOf({ session }: DeferredRecovery, principal: string | undefined, socket: BareSocket): boolean {
  const { sockets, _preConnectSockets: waiting } = socket.nsp;
  const isFree = !sockets.has(session.sid) && !waiting?.has(session.sid);
  return isFree && principal !== undefined && session[PRINCIPAL] === principal;
}

/**
 * Makes a socket the one that it was, puts it back into its rooms, and sends what it has missed, up to now where the
 * adapter can look twice.
 */
export async function restoreRecovery(socket: BareSocket, { session, again }: DeferredRecovery): Promise<void> {
  restore(socket, session);
  await Promise.all([...session.rooms].map((room) => socket.join(room)));
  // Last: what is sent to its rooms while it joins them reaches it in no other way.
  const { missedPackets } = (await again().catch(() => undefined)) ?? session;
  for (const data of missedPackets) socket.packet({ type: EVENT, data });
}

function restore(socket: BareSocket, { sid, pid, data }: KeptSession): void {
  const waiting = socket.nsp._preConnectSockets;
  if (waiting?.delete(socket.id)) waiting.set(sid, socket);
  // Data of middlewares, which ran before the principal was known, is newer.
  const newer = socket.data;
  socket.data = typeof data === "object" && data !== null ? Object.assign(data, newer) : (data ?? newer);
  socket.id = sid;
  socket.pid = pid;
  socket.recovered = true;
}
