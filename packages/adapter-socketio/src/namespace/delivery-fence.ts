import type { Session } from "@portcullis/core/adapter";
import { type BareSocket, override } from "../socketio-internals.js";
import type { Message } from "./event.js";

/**
 * Delivers an allowed event to a socket with middlewares (`socket.use`), which may take time. An event whose right has
 * ended meanwhile reaches no listener: it is dropped after the end of the session, and decided again otherwise.
 *
 * @param deliver Calls `socket.run` before it returns.
 */
export function deliverFenced(
  socket: BareSocket,
  session: Session<Message>,
  message: Message,
  deliver: () => void,
): void {
  const { run } = socket;
  if (run === undefined) {
    deliver();
    return;
  }
  const { epoch } = session;
  const own = Object.getOwnPropertyDescriptor(socket, "run");
  override(socket, "run", (event, done) =>
    run.call(socket, event, (error) => {
      if (session.isEnded) return;
      if (error || epoch === session.epoch) done(error);
      else void session.decideAgain({ message });
    }),
  );
  try {
    deliver();
  } finally {
    if (own) Object.defineProperty(socket, "run", own);
    else Reflect.deleteProperty(socket, "run");
  }
}
