import type { Decision } from "@portcullis/core";
import { type ClientMessage, Gate } from "@portcullis/core/adapter";
import { turns } from "../order.js";
import type { Sent } from "./sent.js";
import type { Stage, Staging } from "./stage.js";
import type { World } from "./world.js";

/** The core alone, with a transport that only takes down what it is told. */
export const core: Staging = { make: coreStage, pass: turns };

function coreStage(world: World): Stage {
  const gate = new Gate<string>(
    world.isServed ? "serve()" : "guard()",
    world.rules,
    world.options,
    world.isServed ? (world.rules as never) : undefined,
  );
  let session: ReturnType<ReturnType<typeof gate.admit>["open"]> | undefined;
  const connection = connectionOf(world);
  return {
    guard: gate,
    connect() {
      const evaluation = gate.admit(connection);
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
    send(sent) {
      // A renewal must get through, so only a full queue holds the client. No plan fills it.
      if (connection.isHeld) world.fail("the transport is held while a message waits");
      session?.receive(sent);
    },
    leave: () => session?.end(),
  };
}

function connectionOf(world: World) {
  return {
    isHeld: false,
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
    pause() {
      this.isHeld = true;
    },
    resume() {
      this.isHeld = false;
    },
    notify() {},
    deliver: (message: ClientMessage) => world.delivered(message as Sent),
    sendRefusal: (message: ClientMessage, { code }: Decision) => world.refused(message as Sent, code),
    reply: (message: ClientMessage) => world.replied(message as Sent),
    close: (_code: number, reason: string) => world.closed(reason),
  };
}
