import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io as connectTo, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../../../scripts/find-programs.mjs";

const redisServer = findProgram("redis-server");

/** A free port, because redis-server cannot choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A guarded socket.io server in its own process, which runs the built packages. */
class ServerProcess {
  readonly #child: ChildProcess;
  port = 0;

  constructor(redis: string) {
    this.#child = fork(new URL("redis-server.mjs", import.meta.url), [redis], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  }

  async #hear(): Promise<Record<string, unknown>> {
    const ended = once(this.#child, "exit").then(([code]) => {
      throw new Error(`the server ended with ${code}: it needs the built packages (npm run build)`);
    });
    ended.catch(() => undefined);
    const [message] = await Promise.race([once(this.#child, "message"), ended]);
    return message;
  }

  async started(): Promise<void> {
    this.port = (await this.#hear()).port as number;
  }

  async ask(ask: "sessions" | "everywhere" | "disconnect"): Promise<unknown> {
    this.#child.send({ ask });
    return (await this.#hear()).answer;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
  }
}

describe.skipIf(redisServer === undefined)("two processes behind one redis-server", () => {
  const folder = mkdtempSync(join(tmpdir(), "portcullis-redis-"));
  let redis: ChildProcess;
  let first: ServerProcess;
  let second: ServerProcess;
  const clients: Socket[] = [];

  const client = (server: ServerProcess, token?: string): Socket => {
    const socket = connectTo(`http://127.0.0.1:${server.port}`, {
      forceNew: true,
      reconnection: false,
      auth: { token },
    });
    clients.push(socket);
    return socket;
  };
  const connected = async (server: ServerProcess, token: string): Promise<Socket> => {
    const socket = client(server, token);
    await new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("connect_error", reject);
    });
    return socket;
  };

  beforeAll(async () => {
    const port = await freePort();
    const options = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      folder,
    ];
    redis = spawn(redisServer as string, options, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const chunk of redis.stdout ?? []) if (String(chunk).includes("Ready to accept connections")) break;
    first = new ServerProcess(`redis://127.0.0.1:${port}`);
    second = new ServerProcess(`redis://127.0.0.1:${port}`);
    await Promise.all([first.started(), second.started()]);
  }, 30_000);

  afterAll(async () => {
    for (const socket of clients) socket.close();
    await Promise.all([first?.stop(), second?.stop()]);
    redis?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("connect and action rules apply on both", { timeout: 20_000 }, async () => {
    for (const server of [first, second]) {
      const refused = client(server);
      const error = await new Promise<Error & { data?: unknown }>((resolve) => refused.once("connect_error", resolve));
      expect(error.data).toMatchObject({ code: "not_authenticated", status: 401 });
      const gus = await connected(server, "gus");
      const answer = await gus.timeout(5000).emitWithAck("say", { room: "lobby", text: "hello" });
      expect(answer).toMatchObject({ ok: false, error: { code: "permission_denied", status: 403 } });
      const gone = new Promise((resolve) => gus.once("disconnect", resolve));
      gus.close();
      await gone;
    }
  });

  it("broadcasts and `disconnectSockets` reach the other process", {
    timeout: 20_000,
  }, async () => {
    const ann = await connected(first, "ann");
    const bob = await connected(second, "bob");
    for (const socket of [ann, bob])
      expect(await socket.timeout(5000).emitWithAck("join", { room: "lobby" })).toBe("joined");
    const heard = new Promise((resolve) => bob.once("said", resolve));
    ann.emit("say", { room: "lobby", text: "over there?" });
    expect(await heard).toBe("over there?");
    expect(await first.ask("sessions")).toContain("ann");
    expect(await second.ask("sessions")).toContain("bob");
    expect(await first.ask("everywhere")).toBeGreaterThanOrEqual(2);

    const gone = Promise.all([ann, bob].map((socket) => new Promise((resolve) => socket.once("disconnect", resolve))));
    await first.ask("disconnect");
    expect(await gone).toEqual(["io server disconnect", "io server disconnect"]);
    await expect.poll(() => first.ask("sessions")).not.toContain("ann");
    await expect.poll(() => second.ask("sessions")).not.toContain("bob");
  });
});
