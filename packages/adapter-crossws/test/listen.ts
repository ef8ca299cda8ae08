import type { ServerSetup } from "@portcullis/testing";
import type { Hooks } from "crossws";

/** Named one by one, because vitest resolves `crossws/server` as Node does, also in Bun and in Deno. */
const SERVERS = {
  node: () => import("crossws/server/node"),
  bun: () => import("crossws/server/bun"),
  deno: () => import("crossws/server/deno"),
};

/** The runtime that the tests run in. */
export const RUNTIME = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

/** A server of the runtime that the tests run in. */
export interface Listening {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the server of crossws with hooks. It answers requests that are no upgrade with 404. */
export async function listen(hooks: Partial<Hooks>, setup: Partial<ServerSetup> = {}): Promise<Listening> {
  const { largestMessage, options } = setup;
  const { serve } = await SERVERS[RUNTIME]();
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
