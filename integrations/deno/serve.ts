import type { Server, Serving } from "./main.ts";

/** The server of Deno. */
export function serve({ connect, message }: Serving): Server {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { status, scope } = await connect(request.url);
    if (status !== 101) return new Response(null, { status });
    if (request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 400 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = async ({ data }) => socket.send(await message(scope, String(data)));
    return response;
  });
  return { runtime: `Deno ${Deno.version.deno}`, port: server.addr.port, stop: () => server.shutdown() };
}
