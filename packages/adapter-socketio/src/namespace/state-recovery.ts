import { randomBytes } from "node:crypto";
import type { BareAdapter, BareSocket, KeptSession } from "../socketio-internals.js";

const EVENT = 2;
/**
 * The property that stores the principal of a session beside the data of socket.io. It is a text, so any adapter can
 * store it.
 */
const PRINCIPAL = "portcullis:principal";

/** The principal of a session that was stored without a guard. */
export const UNGUARDED = "unguarded";

/** The session of a returning client, until it is restored. */
export interface DeferredRecovery {
  readonly session: KeptSession & { readonly [PRINCIPAL]?: unknown };
  /** Looks the session up again, to find packets that were sent since then. */
  readonly again: () => Promise<KeptSession | null>;
}

const adapters = new WeakSet<BareAdapter>();
/** Sessions by an object that stands for their data until the socket exists. */
const sessions = new WeakMap<object, DeferredRecovery>();

/**
 * Makes an adapter store the principal of each session, and return resumed sessions without their id, rooms and
 * packets. socket.io would otherwise join rooms and send packets before any rule is evaluated. The socket becomes the
 * resumed one only if {@link isOf} returns true.
 *
 * @param principalOf Returns the principal of the socket with that id.
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

/** Makes an id as socket.io does. */
const newId = (): string => randomBytes(15).toString("base64url");

/** The stored session of a socket. Until it is restored, the socket counts as new. */
export function takeRecovery(socket: BareSocket): DeferredRecovery | undefined {
  const recovery = sessions.get(Object(socket.data));
  if (recovery) socket.recovered = false;
  return recovery;
}

/** True when a session belongs to the principal, and no other socket has resumed it. */
export function isOf({ session }: DeferredRecovery, principal: string | undefined, socket: BareSocket): boolean {
  const { sockets, _preConnectSockets: waiting } = socket.nsp;
  const isFree = !sockets.has(session.sid) && !waiting?.has(session.sid);
  return isFree && principal !== undefined && session[PRINCIPAL] === principal;
}

/**
 * Restores the ids and the data of a socket, joins its rooms, and sends the packets that it has missed. If the adapter
 * can look up a session twice, these include the packets sent up to now.
 */
export async function restoreRecovery(socket: BareSocket, { session, again }: DeferredRecovery): Promise<void> {
  restore(socket, session);
  await Promise.all([...session.rooms].map((room) => socket.join(room)));
  // Looked up last, because packets sent to its rooms while it joins them reach it in no other way.
  const { missedPackets } = (await again().catch(() => undefined)) ?? session;
  for (const data of missedPackets) socket.packet({ type: EVENT, data });
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
