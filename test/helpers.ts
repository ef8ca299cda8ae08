import { definePolicy, permission } from "@portcullis/core";

/** A promise with its `resolve` and `reject`. */
export function deferred<T = void>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until a condition is true. */
export async function until(isSo: () => boolean, what = String(isSo)): Promise<void> {
  for (const deadline = Date.now() + 4000; !isSo(); await sleep(2)) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
  }
}

/** Collects uncaught errors and rejections while a function runs. */
export async function uncaughtOf(run: (thrown: readonly unknown[]) => Promise<void>): Promise<void> {
  const thrown: unknown[] = [];
  const note = (error: unknown) => void thrown.push(error);
  const restoring = (["uncaughtException", "unhandledRejection"] as string[]).map((event) => {
    const before = process.listeners(event as "uncaughtException");
    process.removeAllListeners(event);
    process.on(event, note);
    return () => {
      process.off(event, note);
      for (const listener of before) process.on(event, listener);
    };
  });
  try {
    await run(thrown);
  } finally {
    for (const restore of restoring) restore();
  }
}

/** A rule whose answers the test resolves. */
export function gatedRule(name = "gated") {
  const asked: ReturnType<typeof deferred<boolean>>[] = [];
  const rule = permission(name, () => {
    const answer = deferred<boolean>();
    asked.push(answer);
    return answer.promise;
  });
  return { rule, asked };
}

/** A policy that lets everybody connect, with allowed, denied and slow actions. */
export const simplePolicy = () =>
  definePolicy({
    actions: {
      ping: permission("yes", () => true),
      secret: permission("no", () => false),
      slow: permission("slow", async ({ payload }) => {
        await sleep(Number(payload.wait ?? 5));
        return true;
      }),
      never: permission("never", () => new Promise<boolean>(() => {})),
    },
  });

/** Headers that a rule may add to the response of a handshake. Some are invalid, and some are reserved. */
export const ADDED_HEADERS: [name: string, value: string][] = [
  ["Set-Cookie", "a=1; Path=/; HttpOnly"],
  ["Set-Cookie", "b=2"],
  ["Set-Cookie", "c=3, d"],
  ["Set-Cookie", "b=2"],
  ["x-request-id", "6"],
  ["X-Request-Id", "7"],
  ["X-Split", "1\r\nX-Injected: yes"],
  ["Set-Cookie", "e=5\r\nSet-Cookie: f=6"],
  ["Connection", "close"],
  ["Content-Length", "1"],
  ["Sec-WebSocket-Accept", "mine"],
];

/** The cookies of {@link ADDED_HEADERS} that are sent. */
export const ADDED_COOKIES = ["a=1; Path=/; HttpOnly", "b=2", "c=3, d"];
