import type { ServerSetup } from "@portcullis/testing";
import type { Hooks } from "crossws";
import { serve } from "crossws/server";

/** A server of the runtime that the tests run in. */
export interface Listening {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the server of crossws with hooks. It answers requests that are no upgrade with 404. */
export async function listen(hooks: Partial<Hooks>, setup: Partial<ServerSetup> = {}): Promise<Listening> {
  const { largestMessage, options } = setup;
  const serverOptions = largestMessage === undefined ? {} : { maxPayload: largestMessage };
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    silent: true,
    gracefulShutdown: false,
    // Until the upgrade Node's own limits apply. An invalid limit is left to the guard, which refuses it.
    node: { headersTimeout: options?.limits?.handshake || 60_000, connectionsCheckingInterval: 50 },
    fetch: () => new Response("not found", { status: 404 }),
    websocket: { ...hooks, options: { node: { serverOptions } } },
  });
  await server.ready();
  return { port: Number(new URL(server.url as string).port), stop: async () => void server.close(true) };
}
