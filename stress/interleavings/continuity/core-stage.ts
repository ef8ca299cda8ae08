import type { Decision } from "@portcullis/core";
import { type ClientMessage, Gate } from "@portcullis/core/adapter";
import type { Sent, Stage, World } from "./world.js";

/** The core alone, with a transport that only takes down what it is told. */
export function coreStage(world: World): Stage {
  const gate = new Gate<string>(
    world.isServed ? "serve()" : "guard()",
    world.rules,
    world.options,
    world.isServed ? (world.rules as never) : undefined,
  );
  let session: ReturnType<ReturnType<typeof gate.admit>["open"]> | undefined;
  return {
    guard: gate,
    connect() {
      const evaluation = gate.admit(connectionOf(world));
      world.order.add("open", async () => {
        const { decision } = await evaluation.result;
        if (decision.outcome !== "allow") return;
        world.order.add("opened", () => {
          if (world.hasLeft) return evaluation.abort();
          session = evaluation.open();
          world.opened(session);
        });
      });
    },
    send: (sent) => session?.receive(sent),
    leave: () => session?.end(),
  };
}

function connectionOf(world: World) {
  return {
    transport: "test",
    path: "/",
    url: "/",
    headers: {},
    remoteAddress: undefined,
    secure: false,
    connectedAt: 0,
    request: undefined,
    client: "client",
    raw: undefined,
    abort() {},
    pause() {},
    resume() {},
    notify() {},
    deliver: (message: ClientMessage) => world.delivered(message as Sent),
    sendRefusal: (message: ClientMessage, { code }: Decision) => world.refused(message as Sent, code),
    reply: (message: ClientMessage) => world.replied(message as Sent),
    close: () => world.closed(),
  };
}
