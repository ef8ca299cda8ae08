import { AllowAny, type Decision, definePolicy, permission } from "@portcullis/core";
import { closeCodeOf } from "@portcullis/core/adapter";
import { expect } from "vitest";
import type { TestClient } from "../client.js";
import type { Ability, Answer, OutgoingMessage, RefusedHandshake } from "../harness.js";
import { deferred, type Lab } from "../lab.js";

/** Checks one requirement of an adapter. Throws when it is not met. */
export type Check = (lab: Lab) => Promise<void>;

/** A check for adapters that have an ability. */
export interface AbilityCheck {
  readonly needs: Ability;
  readonly check: Check;
}

/** Checks by title. */
export type Subject = Readonly<Record<string, Check | AbilityCheck>>;

type Rules = NonNullable<Parameters<typeof definePolicy>[0]["actions"]>;
type Rest = Omit<Parameters<typeof definePolicy>[0], "actions">;

/** A policy with rules by action. Everybody may `ping`. */
export const rules = (actions: object = {}, rest: object = {}) =>
  definePolicy({ actions: { ping: AllowAny, ...actions } as Rules, ...(rest as Rest) });

/** A rule with scripted answers, which counts its calls. */
export function scripted(name: string, answer: () => unknown) {
  const asked: string[] = [];
  const rule = permission(name, ({ action }) => {
    asked.push(action);
    return answer() as boolean;
  });
  return { rule, asked };
}

/** A rule about connecting. */
export const connecting = (name: string, connect: () => unknown) =>
  permission(name, { connect: () => connect() as boolean });

/** A rule that waits until it is resolved, with a promise of its first call. */
export function holding() {
  const asked: AbortSignal[] = [];
  const { promise, resolve } = deferred<boolean>();
  const held = permission("held", ({ signal }) => {
    asked.push(signal);
    return promise;
  });
  return { held, resolve, asked };
}

/** Options of a guard for which a token is the id of its user. */
export const bearer = {
  authenticate: ({ token }: { token: string | undefined }) => ({ user: token ? { id: token } : null }),
};

/** Expects a refusal with a code and a status. */
export function expectDenied(answer: Answer | undefined, code: string, status: number): void {
  expect(answer, "the client gets an answer").toBeDefined();
  expect(answer?.error).toMatchObject({ code, status });
}

/** Expects an answer of the application. */
export function expectHandled(answer: Answer | undefined): void {
  expect(answer, "the client gets an answer").toBeDefined();
  expect(answer?.error).toBeUndefined();
}

/** Expects a handler's reply, with the status when the protocol has one. */
export function expectReplied(answer: Answer | undefined, data: unknown, status = 200): void {
  expectHandled(answer);
  expect(answer?.data).toEqual(data);
  if (answer?.status !== undefined) expect(answer.status).toBe(status);
}

/** True when the transport reserves a name. */
export function isReserved(lab: Lab, action: string): boolean {
  return lab.harness.reservedActions?.includes(action) ?? false;
}

/** Expects that each message was answered once, also after a later message is answered. */
export async function expectAnsweredOnce(client: TestClient, ...messages: OutgoingMessage[]): Promise<void> {
  expectHandled(await client.request("ping"));
  for (const { id } of messages) {
    expect(client.answers.filter((answer) => answer.id === id)).toHaveLength(1);
  }
}

/** Expects that a handshake was refused with a code and a status, in the adapter's form. */
export function expectRefused(lab: Lab, refused: RefusedHandshake, code: string, status: number): void {
  if (refused.closeCode === undefined) expect(refused.status).toBe(status);
  else expect(refused.closeCode).toBe(closeCodeOf({ status } as Decision));
  if (!lab.harness.lacks["refusal before the upgrade"]) expect(refused.closeCode).toBeUndefined();
  if (refused.code !== undefined) expect(refused.code).toBe(code);
}

/** Expects that the connection ends with a code, when the transport has codes. */
export async function expectClosed(client: TestClient, code: number): Promise<void> {
  const closed = await client.closed;
  expect([code, "none"]).toContain(closed.code);
}
