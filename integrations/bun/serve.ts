import type { AppScope, Server, Serving } from "./main.ts";

/** The server of Bun. */
export function serve({ connect, message }: Serving): Server {
  const server = Bun.serve<AppScope>({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request, server) {
      const { status, scope } = await connect(request.url);
      if (status !== 101) return new Response(null, { status });
      return server.upgrade(request, { data: scope }) ? undefined : new Response(null, { status: 400 });
    },
    websocket: {
      message: async (socket, text) => void socket.send(await message(socket.data, String(text))),
    },
  });
  return { runtime: `Bun ${Bun.version}`, port: Number(server.port), stop: () => server.stop(true) };
}
