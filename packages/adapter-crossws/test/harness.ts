import type { Policy, Scope } from "@portcullis/core";
import type { ServableConsumer } from "@portcullis/core/adapter";
import type { Harness, HarnessSession, RunningServer, ServerSetup } from "@portcullis/testing";
import type { Hooks, Peer } from "crossws";
import { connectClient } from "../../adapter-ws/test/harness-client.js";
import { NO_BATCHES, type Wire } from "../../adapter-ws/test/wires.js";
import { type CrosswsGuardOptions, type Guard, guard, serve } from "../src/index.js";
import { listen } from "./listen.js";

/** Drives the adapter behind the server of crossws for the runtime that the tests run in. */
export function crosswsHarness(name: string, wire: Wire, refuse: "status" | "close" = "status"): Harness {
  return {
    name,
    transport: "crossws",
    lacks: {
      acks: "a WebSocket frame has no acknowledgement; a codec answers every message with an id",
      ...(!wire.hasBatches && { batches: NO_BATCHES }),
      ...(refuse === "close" && {
        "refusal before the upgrade": 'with `refuse: "close"` a client is accepted, then closed with a code',
      }),
    },
    entrances: ["/", "/some/path", "binary frames", "fragmented frames"],
    malformed: wire.malformed,
    attackable: {
      protocol: wire.attackProtocol,
      entrances: ["/some/path"],
      account: (token) => ({ headers: { authorization: `Bearer ${token}` } }),
    },
    async start(setup) {
      const seen = new Map<unknown, () => void>();
      const made = protect(setup, wire, { refuse, codec: wire.codec }, (peer) =>
        seen.get(peer.request.headers.get("x-connection"))?.(),
      );
      const { port, stop } = await listen(made.hooks, setup);
      return {
        guard: made as RunningServer["guard"],
        origin: `http://127.0.0.1:${port}`,
        connect: (handshake, listener) => connectClient({ port, wire, seen }, handshake, listener),
        stop,
      };
    },
  };
}

function protect(setup: ServerSetup, wire: Wire, own: CrosswsGuardOptions, see: (peer: Peer) => void): Guard<never> {
  const { largestMessage: maxPayload } = setup;
  const options = { ...optionsOf(setup), ...own, ...(maxPayload !== undefined && { maxPayload }) };
  const sessionOf = (peer: Peer) => made.sessionOf(peer) as HarnessSession;
  const hooks: Omit<Partial<Hooks>, "message"> = {
    open(peer) {
      setup.onOpen(sessionOf(peer));
      see(peer);
    },
    close: (peer) => setup.onClose(sessionOf(peer)),
  };
  const message: Hooks["message"] = (peer, frame) => {
    for (const one of [frame.json()].flat()) {
      const { id, action, payload } = wire.read(one as never);
      const send = (answer: unknown) => void peer.send(JSON.stringify(wire.reply(id, answer)));
      const answer = setup.onMessage({ action, payload, session: sessionOf(peer) });
      if (answer instanceof Promise) answer.then(send);
      else send(answer);
    }
  };
  const made: Guard<never> = setup.consumer
    ? serve(setup.consumer as ServableConsumer<Scope>, { ...options, hooks })
    : guard({ ...hooks, message }, setup.policy as Policy<Scope>, options);
  return made;
}

/** Maps the tokens of the suite to the `authorization` header. */
function optionsOf({ options }: ServerSetup): CrosswsGuardOptions {
  const { authenticate, ...rest } = options;
  if (authenticate === undefined) return rest;
  return {
    ...rest,
    authenticate: ({ headers }, asked) =>
      authenticate({ token: headers.get("authorization")?.replace("Bearer ", "") }, asked),
  };
}
