import { guard, json, serve } from "@portcullis/adapter-crossws";
import type { Message, Peer } from "crossws";
import { turns } from "../order.js";
import type { Stage, Staging } from "./stage.js";
import type { World } from "./world.js";

/** The adapter of crossws, with a peer that no network is behind. */
export const crossws: Staging = { make: crosswsStage, pass: turns };

function crosswsStage(world: World): Stage {
  const options = { ...world.options, codec: json() };
  const hooks = {
    message: (_peer: Peer, message: Message) => world.delivered(world.sentOf(JSON.parse(message.text()))),
  };
  const guarded = world.isServed
    ? serve(world.rules as never, options as never)
    : guard(hooks, world.rules as never, options as never);
  let peer: Peer | undefined;
  const gone = (code: number) => {
    const left = peer;
    peer = undefined;
    if (left) guarded.hooks.close(left, { code });
  };
  const heard = (frame: unknown) => {
    const { id, error } = JSON.parse(String(frame));
    if (id === undefined || id === null) return;
    const sent = world.sentOf({ about: id });
    if (error) world.refused(sent, error.code);
    else world.replied(sent);
  };
  return {
    guard: guarded,
    connect() {
      const upgrading = guarded.hooks.upgrade(new Request("http://localhost/"));
      world.order.add("open", async () => {
        const upgraded = await Promise.resolve(upgrading).catch(() => undefined);
        const { context } = Object(upgraded) as { context?: object };
        if (context === undefined) return;
        world.order.add("opened", () => {
          if (world.hasLeft) return;
          const close = (code: number, reason: string) => {
            world.closed(reason);
            world.order.add("the client answers the close", () => gone(code));
          };
          peer = peerOf(context, { send: heard, close, terminate: () => gone(1006) });
          guarded.hooks.open(peer);
          const session = guarded.findSession(peer);
          if (session) world.opened(session as never);
        });
      });
    },
    send({ action, payload }) {
      const text = JSON.stringify({ ...payload, type: action, id: payload.about });
      if (peer) guarded.hooks.message(peer, { rawData: text, text: () => text } as unknown as Message);
    },
    leave: () => gone(1006),
  };
}

/** The methods of a peer that the adapter calls. */
interface PeerMethods {
  send(frame: unknown): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

function peerOf(context: object, methods: PeerMethods): Peer {
  const request = new Request("http://localhost/");
  return { context: { ...context }, request, bufferedAmount: 0, ...methods } as unknown as Peer;
}
