// Starts redis-server (or uses REDIS_URL), two servers, and a proxy in front that takes them in turn.
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { startRedis } from "../../scripts/test-servers.mjs";

const redis = process.env.REDIS_URL === undefined ? await startRedis() : undefined;
const servers = await Promise.all(["first", "second"].map(startServer));

async function startServer(NAME) {
  const env = { ...process.env, PORT: "0", NAME, REDIS_URL: process.env.REDIS_URL ?? redis.url };
  const child = fork(new URL("server.mjs", import.meta.url), { env });
  const [{ port }] = await once(child, "message");
  return { child, port };
}

let turn = 0;
const proxy = createServer((client) => {
  turn += 1;
  const server = connect(servers[turn % servers.length].port, "127.0.0.1");
  client.pipe(server).pipe(client);
  client.on("error", () => server.destroy());
  server.on("error", () => client.destroy());
  client.on("close", () => server.destroy());
  server.on("close", () => client.destroy());
});
proxy.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
await once(proxy, "listening");
console.log(`Log in as ann (apple) or bob (banana): http://127.0.0.1:${proxy.address().port}   Ctrl-C stops it.`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    const ended = servers.map(({ child }) => {
      const exit = child.exitCode === null ? once(child, "exit") : undefined;
      child.kill("SIGTERM");
      return exit;
    });
    await Promise.all(ended);
    await redis?.remove();
    process.exit();
  });
}
