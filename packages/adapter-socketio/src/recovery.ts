import type { BareAdapter, BareSocket, KeptSession } from "./bare.js";

const EVENT = 2;

/** A session that was found, and is not given back yet. */
export interface Withheld {
  readonly session: KeptSession;
  /** Looks it up again: what was sent since then is in it. */
  readonly again: () => Promise<KeptSession | null>;
}

const adapters = new WeakSet<BareAdapter>();
/** By an object that stands for the data of the session until the socket is there. */
const sessions = new WeakMap<object, Withheld>();

/**
 * Makes an adapter hand out resumed sessions without their rooms and without what was missed: socket.io would join and
 * send before anybody was asked.
 */
export function withhold(adapter: BareAdapter): void {
  const { restoreSession } = adapter;
  if (typeof restoreSession !== "function" || adapters.has(adapter)) return;
  adapters.add(adapter);
  adapter.restoreSession = async (id, offset) => {
    const again = async () => restoreSession.call(adapter, id, offset);
    const session = await again();
    if (!session) return session;
    const data = {};
    sessions.set(data, { session, again });
    return { ...session, data, rooms: [], missedPackets: [] };
  };
}

/** What was withheld from a socket. Its data is given back: the application's own middlewares may read it. */
export function takeWithheld(socket: BareSocket): Withheld | undefined {
  const withheld = sessions.get(Object(socket.data));
  if (withheld) socket.data = withheld.session.data;
  return withheld;
}

/** Puts a socket back into its rooms, and sends what it has missed, up to now where the adapter can look twice. */
export async function giveBack(socket: BareSocket, { session, again }: Withheld): Promise<void> {
  await Promise.all([...session.rooms].map((room) => socket.join(room)));
  // Last: what is sent to its rooms while it joins them reaches it in no other way.
  const { missedPackets } = (await again().catch(() => undefined)) ?? session;
  for (const data of missedPackets) socket.packet({ type: EVENT, data });
}
