import { AllowAny, allow, deny, fault, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { REPEATABLE } from "@portcullis/core/internal";
import fc from "fast-check";

const fail = (): never => {
  throw new Error("anything");
};
const cyclic = (into: Record<string, unknown> | unknown[]) => Object.assign(into, { self: into });
const revoked = <T extends object>(target: T): T => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const TRAPS = ["get", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor", "isExtensible", "apply"];
const hostile = (traps: readonly string[], target: object = {}) =>
  new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, fail])));
const getting = (...names: PropertyKey[]) =>
  Object.defineProperties(
    {},
    Object.fromEntries(names.map((name) => [name, { enumerable: true, configurable: true, get: fail }])),
  );
const settled = (promise: Promise<unknown>) => {
  // When the library does not await it, the rejection is the test's own.
  promise.catch(() => undefined);
  return promise;
};

/** Makers of values of every kind. */
export const KINDS: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  "a number": () => 5,
  "a fraction": () => 400.5,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  "less than nothing": () => -1,
  "a BigInt": () => 5n,
  "a symbol": () => Symbol("anything"),
  "a text": () => "text",
  "an empty text": () => "",
  "half a character": () => "\ud800",
  "a text of two lines": () => "a\r\nx-injected: yes",
  "a boxed text": () => Object("text"),
  "an object": () => ({ deep: { secret: "anything" } }),
  "no prototype": () => Object.assign(Object.create(null), { secret: "anything" }),
  "a cycle": () => cyclic({}),
  "a list": () => ["text", 5n, Symbol("anything"), null],
  "a cyclic list": () => [cyclic([])],
  "a BigInt inside": () => ({ secret: [5n] }),
  "a map": () => new Map([["secret", 1]]),
  bytes: () => new Uint8Array([1, 2, 3]),
  "an invalid date": () => new Date(Number.NaN),
  "a function": () => () => "secret",
  "an error": () => new Error("anything"),
  "an error that cannot be printed": () => Object.defineProperty(new Error("anything"), "stack", { get: fail }),
  "a promise": () => settled(Promise.resolve(5)),
  "a rejection": () => settled(Promise.reject(new Error("anything"))),
  "a throwing then": () => getting("then"),
  // biome-ignore lint/suspicious/noThenProperty: a rule may return such a thing.
  "a then that throws": () => ({ then: fail }),
  "a throwing toJSON": () => ({ toJSON: fail }),
  "a throwing toString": () => ({ toString: fail, valueOf: fail, [Symbol.toPrimitive]: fail }),
  "throwing getters": () => getting("code", "reason", "status", "message", "path", "key", "length", "name", "a"),
  "a list that throws": () => Object.defineProperty([1, 2], 0, { get: fail }),
  "a revoked proxy": () => revoked({}),
  "a revoked list": () => revoked([]),
  "a revoked function": () => revoked(() => true),
  "a throwing proxy": () => hostile(TRAPS),
  "a proxy of a list": () => hostile(["get"], []),
  "a proxy without a prototype": () => hostile(["getPrototypeOf"]),
  "a proxy of a decision": () => hostile(["get"], deny("proxied")),
  "a revoked decision": () => revoked(allow()),
  "a proxy of an error": () => hostile(["get", "getPrototypeOf"], new PermissionDenied("proxied")),
  "a decision": () => deny("denied", { reason: "text" }),
  "a PermissionDenied": () => new PermissionDenied("denied"),
};

/** One value of any kind. It is a name, so that a failure can be printed. */
export const anyKind: fc.Arbitrary<string> = fc.constantFrom(...Object.keys(KINDS));

/** Makes the value of a kind. */
export const make = (kind: string): never => (KINDS[kind] as () => unknown)() as never;

const PARTS = ["reason", "status", "retryAfter", "headers", "issues", "error"] as const;

const { getOwnPropertyDescriptors: fields } = Object;
/** A decision in the form of another copy of the package. */
const forged = (parts: object) =>
  Object.freeze(
    Object.create(Object.getPrototypeOf(allow()), { ...fields({ outcome: "deny", code: "x" }), ...fields(parts) }),
  );
/** A `PermissionDenied` of another copy, with unchecked fields. */
const foreign = (parts: object) => Object.defineProperties(new PermissionDenied("x"), fields(parts));
const throwing = (error: unknown) => {
  throw error;
};

/** Every place of an answer that can hold a value. Each function makes the answer, or throws. */
export const PLACES: Readonly<Record<string, (value: never) => unknown>> = {
  answered: (value) => value,
  thrown: throwing,
  "answered later": async (value) => value,
  "thrown later": async (value) => throwing(value),
  "deny(value)": (value) => deny(value),
  "deny(options)": (value) => deny("x", value),
  "allow(value)": (value) => allow(value),
  "allow({ value })": (value) => allow({ value }),
  "repeatable evidence": (value) => allow({ [REPEATABLE]: value } as never),
  "PermissionDenied(value)": (value) => throwing(new PermissionDenied(value)),
  "PermissionDenied(options)": (value) => throwing(new PermissionDenied("x", value)),
  ...Object.fromEntries(
    [...PARTS, "code", "outcome", "by", "retry", "causes", "evidence"].flatMap((part) => [
      [`${part} of another copy`, (value: never) => forged({ [part]: value })],
      [`${part} of another copy's allow`, (value: never) => forged({ outcome: "allow", [part]: value })],
      [`${part} of another PermissionDenied`, (value: never) => throwing(foreign({ [part]: value }))],
      [`a throwing ${part} of another copy`, () => forged(getting(part))],
      [`a throwing ${part} of another PermissionDenied`, () => throwing(foreign(getting(part)))],
    ]),
  ),
  ...Object.fromEntries(
    PARTS.flatMap((part) => [
      [`${part} of deny`, (value: never) => deny("x", { [part]: value })],
      [`${part} of fault`, (value: never) => fault("x", { [part]: value })],
      [`${part} of PermissionDenied`, (value: never) => throwing(new PermissionDenied("x", { [part]: value }))],
    ]),
  ),
  "a header of deny": (value) => deny("x", { headers: { "x-one": value, "x-two": "2" } }),
  "a header of PermissionDenied": (value) => throwing(new PermissionDenied("x", { headers: { "x-one": value } })),
  "an issue of fault": (value) => fault("x", { issues: [value] }),
  "the parts of an issue": (value) =>
    fault("x", {
      issues: [
        { message: value, path: value },
        { message: "m", path: [value] },
      ],
    }),
};

/** An answer of a rule: the place, the kind of value, and whether it is async. */
export const anyAnswer = fc.record({ place: fc.constantFrom(...Object.keys(PLACES)), kind: anyKind });

/** Makes an answer, or throws. */
export const answer = ({ place, kind }: { readonly place: string; readonly kind: string }): never =>
  (PLACES[place] as (value: unknown) => unknown)(make(kind)) as never;

const RETRY = ["never", "after-auth", "later"];

/** Lists the fields of a received refusal that are invalid or unknown. */
export function oddOf(refusal: unknown): string[] {
  if (typeof refusal !== "object" || refusal === null) return ["it is no object"];
  const { code, status, reason, retry, retryAfter, ...more } = refusal as Record<string, unknown>;
  const odd: string[] = Object.keys(more);
  if (typeof code !== "string" || code === "") odd.push("code");
  if (!Number.isInteger(status) || (status as number) < 400 || (status as number) > 599) odd.push("status");
  if (typeof reason !== "string" || /\[object|Symbol\(/.test(reason)) odd.push("reason");
  if (!RETRY.includes(retry as string)) odd.push("retry");
  if (retryAfter !== undefined && (!Number.isFinite(retryAfter) || (retryAfter as number) < 0)) odd.push("retryAfter");
  return odd;
}

/** The current behaviour of the application. */
export interface Scene {
  kind: string;
  place: string;
}

const schema = (validate: () => unknown): never => ({ "~standard": { version: 1, vendor: "test", validate } }) as never;

/** A consumer whose handlers, loaders and schemas answer with the value of the scene. */
export function consumerOf(scene: Scene) {
  const value = () => make(scene.kind);
  return defineConsumer()
    .action("ping", AllowAny, () => "pong")
    .action(
      "rule",
      permission("scene", () => answer(scene)),
      () => "allowed",
    )
    .action("returned", AllowAny, value)
    .action("returned later", AllowAny, async () => value())
    .action("thrown", AllowAny, () => throwing(value()))
    .action("thrown later", AllowAny, async () => throwing(value()))
    .action("denied", AllowAny, () => answer(scene))
    .action("replied", AllowAny, ({ reply }) => reply(value()))
    .action("reply options", AllowAny, ({ reply }) => reply("text", value()))
    .action("reply status", AllowAny, ({ reply }) => reply("text", { status: value() }))
    .action("reply action", AllowAny, ({ reply }) => reply("text", { action: value() }))
    .action("object", AllowAny, { object: value }, () => "loaded")
    .action("object answered", AllowAny, { object: () => answer(scene) }, () => "loaded")
    .action("input", AllowAny, { input: schema(value) }, () => "parsed")
    .action("input thrown", AllowAny, { input: schema(() => throwing(value())) }, () => "parsed")
    .action("parsed", AllowAny, { input: schema(() => ({ value: value() })) }, () => "parsed")
    .action("issues", AllowAny, { input: schema(() => ({ issues: value() })) }, () => "parsed")
    .action("issue", AllowAny, { input: schema(() => ({ issues: [value()] })) }, () => "parsed")
    .action(
      "issue parts",
      AllowAny,
      {
        input: schema(() => ({
          issues: [
            { message: value(), path: value() },
            { message: "m", path: [value()] },
          ],
        })),
      },
      () => "parsed",
    );
}

/** One message to a consumer of the scene. */
export const anyRequest = fc.record({
  action: fc.constantFrom(...Object.keys(consumerOf({ kind: "", place: "" }).policy.describe().actions ?? {})),
  place: fc.constantFrom(...Object.keys(PLACES)),
  kind: anyKind,
});
