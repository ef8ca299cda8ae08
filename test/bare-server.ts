import { fork } from "node:child_process";
import { once } from "node:events";
import type { AttackOptions } from "@portcullis/testing/attack";

/** A server in a process of its own, which reports the calls of its handlers. */
export interface BareServer {
  readonly port: number;
  readonly told: Pick<AttackOptions, "handled" | "overheard">;
  /** Resolves with the exit code of a process that ends by itself. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

/** Starts a server that may crash. */
export async function startBare(file: URL): Promise<BareServer> {
  const child = fork(file, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const told = { handled: new Set<unknown>(), overheard: new Set<unknown>() };
  child.on("message", (message: { handled?: string; overheard?: string }) => {
    if (message.handled) told.handled.add(message.handled);
    if (message.overheard) told.overheard.add(message.overheard);
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    port,
    told: { handled: (marker) => told.handled.has(marker), overheard: (marker) => told.overheard.has(marker) },
    ended,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
