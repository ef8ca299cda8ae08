import type { Answer } from "../decision/answers.js";
import { PermissionMisuse } from "../decision/errors.js";
import type { ConnectContext, Context, ObjectContext, Scope, StandardSchema } from "../types.js";
import { show } from "../util/show.js";
import type { AsyncAnswer, EvidenceAnswer } from "./answer-types.js";
import { PERMISSION, type Permission, type PermissionKind, type Rule } from "./permission.js";
import { invalidInput, validate } from "./standard-schema.js";

interface AnyParts<S, C, A, O, T> {
  connect?: (context: ConnectContext<S>) => C;
  action?: (context: Context<S>) => A;
  object?: (context: ObjectContext<S, T>) => O;
}

/** The type of an answer, now or later. In place of any other type, one that ends the compiler's message. */
type Answering<V> = [Awaited<V>] extends [Answer]
  ? V
  : "return true, false, allow(), deny(), abstain() or fault() on every path";

/**
 * The phases that a function rule answers, at least one. In every other phase it abstains, but under `connect` of a
 * policy the function of `action` stands in for a missing `connect`.
 *
 * `S` is the scope. `C`, `A` and `O` are the answers of the three parts. `T` is the object.
 */
export type RuleParts<S, C, A = C, O = A, T = unknown> = AnyParts<S, Answering<C>, Answering<A>, Answering<O>, T> &
  (
    | { connect: (context: ConnectContext<S>) => Answering<C> }
    | { action: (context: Context<S>) => Answering<A> }
    | { object: (context: ObjectContext<S, T>) => Answering<O> }
  );

/** A function rule at run time. */
export class FunctionRule implements Rule {
  declare readonly "~types": Permission["~types"];

  constructor(
    readonly name: string,
    readonly parts: AnyParts<never, unknown, unknown, unknown, unknown>,
  ) {}

  get [PERMISSION](): PermissionKind {
    return "function";
  }
}

/** The signatures of `permission`, for one scope type. */
export interface PermissionFactory<Bound> {
  <P extends object, V, S = Bound>(
    name: string,
    options: { payload: StandardSchema<unknown, P> },
    rule: (context: Omit<Context<S>, "payload"> & { readonly payload: P }) => Answering<V>,
  ): Rule<S, unknown, EvidenceAnswer<V>, boolean>;
  // One signature for both forms: the compiler prints a message of its own for each of several.
  <C = never, A = never, O = never, S = Bound, T = unknown>(
    name: string,
    rule: ((context: Context<S>) => Answering<A>) | RuleParts<S, C, A, O, T>,
  ): Rule<S, unknown, [A] extends [never] ? unknown : EvidenceAnswer<A>, AsyncAnswer<C | A | O>>;
}

/**
 * Creates a rule from functions.
 *
 * @param name The name in decisions and logs, for example `isMember` or `hasRole(admin)`.
 * @param rule The function for actions, which is also asked under `connect` of a policy; or `{ connect, action, object }` with a function for each phase; or `{
 *   payload: schema }` (any Standard Schema) with the function as third argument. That function gets the parsed
 *   payload. A payload that does not match the schema is a fault `invalid_input` (400), which `not` does not negate.
 *   The parsed payload (defaults, trimmed strings, dates) is for this rule alone. Other rules, a handler and the
 *   listeners behind `guard()` get the payload as it arrived. To parse once for rule and handler, serve a consumer
 *   whose action has `input`.
 * @returns A permission that composes with classes and combinations.
 * @throws {PermissionMisuse} When the name is empty, no function is given, a part is unknown, or `payload` is no
 *   schema.
 * @example
 * ```ts
 * import { permission } from "@portcullis/core";
 * const hasRoom = permission("hasRoom", ({ payload }) => typeof payload.room === "string");
 * console.assert(hasRoom.name === "hasRoom");
 * ```
 */
export const permission: PermissionFactory<Scope> = (name: string, rule: unknown, checked?: unknown): never => {
  if (typeof name !== "string" || name === "") {
    throw new PermissionMisuse(
      `permission() got ${show(name)} as its name: write permission("isMember", ({ scope }) => ...)`,
    );
  }
  return new FunctionRule(name, readParts(name, rule, checked)) as never;
};

const QUESTIONS = ["connect", "action", "object"] as const;

function readParts(name: string, rule: unknown, checked: unknown): FunctionRule["parts"] {
  checkAnswers(name, rule);
  if (typeof rule === "function") return { action: rule as () => unknown };
  if (typeof rule !== "object" || rule === null) {
    throw new PermissionMisuse(
      `permission("${name}") got ${show(rule)}: give a function, or { connect, action, object }`,
    );
  }
  if ("payload" in rule) return { action: withPayload(name, rule.payload as StandardSchema, checked) };
  const parts = Object.entries(rule);
  for (const [key, value] of parts) {
    if (!QUESTIONS.includes(key as "action")) {
      throw new PermissionMisuse(
        `permission("${name}") has no part \`${key}\`: the parts are connect, action and object`,
      );
    }
    if (typeof value !== "function") {
      throw new PermissionMisuse(`permission("${name}") got ${show(value)} as \`${key}\`: give a function`);
    }
    checkAnswers(name, value);
  }
  if (parts.length === 0) {
    throw new PermissionMisuse(
      `permission("${name}") answers nothing: give at least one of connect, action and object`,
    );
  }
  return { ...rule };
}

/**
 * A generator function returns an iterator when it is called, and never an answer. A function of several parameters gets
 * nothing but the context, and would judge what it does not have.
 */
function checkAnswers(name: string, rule: unknown): void {
  if (typeof rule !== "function") return;
  if (/Generator/.test(Object.prototype.toString.call(rule))) {
    throw new PermissionMisuse(
      `permission("${name}") got a generator: give a function that returns its answer, without the star`,
    );
  }
  if (rule.length <= 1) return;
  throw new PermissionMisuse(
    `permission("${name}") got a function of ${rule.length} parameters: a rule gets one context, as in ({ scope, payload }) => ...`,
  );
}

function withPayload(name: string, schema: StandardSchema, rule: unknown) {
  if (typeof schema?.["~standard"]?.validate !== "function") {
    throw new PermissionMisuse(
      `permission("${name}") got a \`payload\` that is no Standard Schema: give one of zod, valibot, arktype or the like`,
    );
  }
  if (typeof rule !== "function") {
    throw new PermissionMisuse(
      `permission("${name}", { payload }) got ${show(rule)}: give the function as third argument`,
    );
  }
  checkAnswers(name, rule);
  return (context: Context<never>): unknown => {
    const judge = (result: Awaited<ReturnType<typeof validate>>) => {
      const { issues } = result;
      return issues ? invalidInput("error", issues) : rule(withParsed(context, result.value));
    };
    const result = validate(schema, context.payload);
    return result instanceof Promise ? result.then(judge) : judge(result);
  };
}

/** The same context with another payload. `signal` stays a getter, because reading it creates its controller. */
function withParsed(context: Context<never>, payload: unknown) {
  const { scope, consumer, action } = context;
  return {
    scope,
    consumer,
    action,
    payload,
    get signal() {
      return context.signal;
    },
  };
}
