import { sleep } from "../bell.js";
import { cannot, holds, isOpen } from "../findings.js";
import { textFrame } from "../frames.js";
import type { Hole } from "../hole.js";

const RESERVED = ["error", "disconnect", "disconnecting", "connect", "connect_error", "newListener", "removeListener"];

/** Listeners of `onAny` run before any middleware of a socket. */
export const anyListeners: Hole = {
  name: "any-listeners",
  title: "a denied event reaches listeners of onAny",
  async play(target) {
    const { overheard } = target.options;
    if (target.wire.transport === "ws") return cannot("it is a matter of socket.io");
    if (overheard === undefined) return cannot("`overheard` is needed to tell");
    const client = await target.enterSurely(target.denied);
    const message = target.guarded;
    client.send(message);
    await target.fence(client);
    if (await overheard(message.marker)) return isOpen("a denied event was heard");
    return holds("a denied event was not heard");
  },
};

/** A client must not be able to send events that socket.io emits itself, for example `error`. */
export const reservedEvents: Hole = {
  name: "reserved-events",
  title: "a client says what socket.io says itself",
  async play(target) {
    if (target.wire.transport === "ws") return cannot("it is a matter of socket.io");
    for (const action of RESERVED) {
      // A new client for each event, because some servers disconnect it.
      const client = await target.enterSurely(target.allowed);
      const message = { ...target.open, action };
      const [id] = client.send(message) as [number];
      await client.bell.until(
        () => client.isEnded || client.answers.some((one) => one.id === id),
        target.limits.settle,
      );
      if (await target.hasRun(client, id, message)) return isOpen(`the listener of "${action}" has run`);
      client.connection.write(textFrame(target.wire.message(target.entrance, 902, action, null as never)));
      await sleep(target.limits.settle / 4);
      if (!(await target.isAlive())) return isOpen(`after "${action}" with null the server does not answer any more`);
    }
    return holds(`no listener has run for ${RESERVED.join(", ")}`);
  },
};
