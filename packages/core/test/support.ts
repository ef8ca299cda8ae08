import { type Decision, definePolicy, type Payload, type PermissionLike } from "@portcullis/core";
import { afterAll, beforeAll, expect } from "vitest";
import { CONSUMER } from "./probes.js";

/** The decision of a rule for the action `act`. */
export function act(rule: PermissionLike, scope: object = {}, payload: Payload = {}): Decision | Promise<Decision> {
  return definePolicy({ actions: { act: rule } }).decide(scope as never, CONSUMER, "act", payload);
}

/** The same for rules that answer synchronously. */
export function actNow(rule: PermissionLike, scope: object = {}, payload: Payload = {}): Decision {
  const decision = act(rule, scope, payload);
  if (decision instanceof Promise) throw new Error("a promise without need");
  return decision;
}

/** The next turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits in steps, so that on a busy machine it does not overtake a timer that is due before. */
export async function wait(milliseconds: number): Promise<void> {
  for (let step = 0; step <= milliseconds; step++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Fails the file at any unhandled rejection. */
export function expectNoUnhandledRejection(): void {
  const seen: unknown[] = [];
  const take = (error: unknown) => seen.push(error);
  beforeAll(() => {
    process.on("unhandledRejection", take);
  });
  afterAll(async () => {
    await turn();
    await turn();
    process.off("unhandledRejection", take);
    expect(seen).toEqual([]);
  });
}
