/**
 * Policies with handlers.
 *
 * @module @portcullis/core/consumer
 */

import { type ActionHandler, ActionInvocation, loaderOf } from "./consumer/message-handler.js";
import type { ActionOptions, ConsumerFactory } from "./consumer/types.js";
import { misuse, PermissionMisuse } from "./decision/errors.js";
import { checkKeys } from "./decision/read-options.js";
import { preparing } from "./engine/program.js";
import { makeStage } from "./engine/stage.js";
import type { DispatchContext, ServableConsumer } from "./guard/gate.js";
import { buildRules, type Parse } from "./policy/compile-policy.js";
import type { Timeouts } from "./policy/options.js";
import { PolicyEngine } from "./policy/policy.js";
import { invalidInput, validate } from "./rules/standard-schema.js";
import { Combination, toTree } from "./rules/tree.js";
import type { StandardSchema } from "./types.js";
import { show } from "./util/show.js";

export type {
  ActionOptions,
  ActionTypes,
  ConsumerDefinition,
  ConsumerFactory,
  Handler,
  HandlerContext,
  HandlerSession,
  LoadContext,
} from "./consumer/types.js";
export type { ReplyOptions } from "./guard/session/connection.js";

type AnyHandler = ActionHandler["handler"];
type AnyOptions = ActionOptions<never, object, unknown>;

/** One action as the developer gave it; its rule is built already. */
interface ActionParts {
  readonly rule: Combination;
  readonly options: AnyOptions;
  readonly handler: AnyHandler;
}

/** What a consumer consists of. */
interface Parts {
  readonly connect?: unknown;
  readonly permissions?: unknown;
  readonly timeout?: Timeouts;
  readonly unknownAction?: "deny";
  readonly actions: ReadonlyMap<string, ActionParts>;
}

/** A consumer at run time. */
class ConsumerBuilder implements ServableConsumer {
  readonly #parts: Parts;
  #built: { readonly engine: PolicyEngine; readonly dispatched: ReadonlyMap<string, ActionHandler> } | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  connect(rule: unknown): ConsumerBuilder {
    return this.#with({ connect: both(this.#parts.connect, ruleOf(rule, ".connect()")) });
  }

  permissions(rule: unknown): ConsumerBuilder {
    return this.#with({ permissions: both(this.#parts.permissions, ruleOf(rule, ".permissions()")) });
  }

  action(name: string, rule: unknown, ...rest: readonly unknown[]): ConsumerBuilder {
    const place = `.action(${show(name)})`;
    if (typeof name !== "string" || name === "") {
      throw new PermissionMisuse(`${place} needs a name: write .action("chat.send", rule, handler)`);
    }
    if (this.#parts.actions.has(name)) {
      throw new PermissionMisuse(
        `${place} is there already: replace its handler by .handler(${show(name)}, handler), which keeps its rule`,
      );
    }
    const handler = rest.at(-1);
    const options = rest.length > 1 ? readOptions(place, rest[0]) : {};
    return this.#withAction(name, { rule: ruleOf(rule, place), options, handler: readHandler(place, handler) });
  }

  handler(name: string, handler: unknown): ConsumerBuilder {
    const place = `.handler(${show(name)})`;
    const action = this.#parts.actions.get(name);
    if (action === undefined) {
      throw new PermissionMisuse(`${place}: there is no such action, add it with .action(name, rule, handler)`);
    }
    return this.#withAction(name, { ...action, handler: readHandler(place, handler) });
  }

  timeout(timeouts: Timeouts): ConsumerBuilder {
    return this.#with({ timeout: { ...this.#parts.timeout, ...timeouts } });
  }

  unknownAction(answer: "deny"): ConsumerBuilder {
    return this.#with({ unknownAction: answer });
  }

  get engine(): PolicyEngine {
    return this.#build().engine;
  }

  get policy(): PolicyEngine {
    return this.engine;
  }

  dispatch(turn: DispatchContext): Promise<void> | undefined {
    return ActionInvocation.handle(turn, this.#build().dispatched.get(turn.message.action) as ActionHandler);
  }

  #with(parts: Partial<Parts>): ConsumerBuilder {
    return new ConsumerBuilder({ ...this.#parts, ...parts });
  }

  #withAction(name: string, action: ActionParts): ConsumerBuilder {
    return this.#with({ actions: new Map(this.#parts.actions).set(name, action) });
  }

  #build() {
    if (this.#built) return this.#built;
    const { actions, ...others } = this.#parts;
    const parses = new Map<string, Parse>();
    const entries: [string, object][] = [];
    for (const [name, { rule, options }] of actions) {
      const { input, concurrent, objects } = options;
      if (input) parses.set(name, parserOf(input));
      entries.push([name, { rule, ...(concurrent && { concurrent }), ...(objects && { objects }) }]);
    }
    const rules = buildRules({ ...others, actions: Object.fromEntries(entries) }, parses);
    const dispatched = new Map<string, ActionHandler>();
    for (const [name, { handler, options }] of actions) {
      const rule = rules.entryOf(name);
      const { object } = options;
      const loader = object && loaderOf(object as never);
      const loading = loader && [
        makeStage(1, preparing("object", loader)),
        ...(rule.asksObject ? rule.objectStages : []),
      ];
      dispatched.set(name, { rule, handler, loading });
    }
    this.#built = { engine: new PolicyEngine(rules), dispatched };
    return this.#built;
  }
}

const OPTIONS = ["input", "object", "concurrent", "objects"];

function readOptions(place: string, given: unknown): AnyOptions {
  checkKeys(place, given, OPTIONS);
  const { input, object } = given as AnyOptions;
  if (input !== undefined && typeof input?.["~standard"]?.validate !== "function") {
    throw new PermissionMisuse(
      `${place} got an \`input\` that is no Standard Schema: give one of zod, valibot or the like`,
    );
  }
  if (object !== undefined && typeof object !== "function") {
    throw new PermissionMisuse(`${place} got ${show(object)} as \`object\`: give a function that loads it`);
  }
  return { ...(given as AnyOptions) };
}

function readHandler(place: string, handler: unknown): AnyHandler {
  if (typeof handler === "function") return handler as AnyHandler;
  throw new PermissionMisuse(`${place} got ${show(handler)} as its handler: give a function`);
}

/** Built here, so that a class is instantiated once however often the consumer is extended. */
function ruleOf(rule: unknown, place: string): Combination {
  return new Combination(toTree(rule, place));
}

function both(earlier: unknown, rule: Combination): unknown {
  return earlier === undefined ? rule : [earlier, rule];
}

function parserOf(schema: StandardSchema<unknown, object>): Parse {
  const read = (result: Awaited<ReturnType<typeof validate<object>>>) => {
    const { issues } = result;
    if (issues) return invalidInput("deny", issues);
    const { value } = result as { value: object };
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { payload: value };
    throw new PermissionMisuse(`an \`input\` schema made ${show(value)} of the payload: it must make an object`);
  };
  return (payload) => {
    const result = validate(schema, payload);
    return result instanceof Promise ? result.then(read) : read(result);
  };
}

/**
 * Begins a consumer: rules and handlers in one place, for `serve()` of any adapter.
 *
 * @returns A consumer without rules; every method returns a new one.
 * @throws {PermissionMisuse} By its methods, when something given is no rule, no handler or an unknown option.
 * @example
 * ```ts
 * import { AllowAny, IsAuthenticated } from "@portcullis/core";
 * import { defineConsumer } from "@portcullis/core/consumer";
 * const chat = defineConsumer()
 *   .connect(AllowAny)
 *   .action("chat.send", IsAuthenticated, ({ payload }) => ({ sent: payload.text }));
 * console.assert(chat.policy.describe().actions?.["chat.send"]?.rule.name === "IsAuthenticated");
 * ```
 */
export const defineConsumer: ConsumerFactory = (...given: unknown[]) => {
  if (given.length > 0) {
    throw misuse(
      "defineConsumer()",
      given[0],
      "it takes nothing: write defineConsumer().connect(rule).action(name, rule, handler)",
    );
  }
  return new ConsumerBuilder({ actions: new Map() }) as never;
};

/**
 * Binds the scope type of a server once, so that handlers see it and rules are checked against it.
 *
 * @returns `defineConsumer` for that scope.
 * @example
 * ```ts
 * import { IsAuthenticated, type Scope } from "@portcullis/core";
 * import { consumersFor } from "@portcullis/core/consumer";
 * interface AppScope extends Scope {
 *   readonly user: { readonly id: number } | null;
 * }
 * const { defineConsumer } = consumersFor<AppScope>();
 * defineConsumer().action("whoami", IsAuthenticated, ({ scope }) => ({ id: scope.user.id }));
 * ```
 */
export function consumersFor<S>(): { defineConsumer: ConsumerFactory<S> } {
  return { defineConsumer: defineConsumer as ConsumerFactory<never> as unknown as ConsumerFactory<S> };
}
