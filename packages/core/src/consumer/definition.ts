import { PermissionMisuse } from "../decision/errors.js";
import { checkKeys } from "../decision/read-options.js";
import { preparing } from "../engine/program.js";
import { makeStage } from "../engine/stage.js";
import type { DispatchContext, ServableConsumer } from "../guard/dispatch.js";
import { buildRules, type Parse } from "../policy/compile-policy.js";
import type { Timeouts } from "../policy/options.js";
import { PolicyEngine } from "../policy/policy-engine.js";
import { Combination, toTree } from "../rules/build-tree.js";
import { invalidInput, validate } from "../rules/standard-schema.js";
import type { StandardSchema } from "../types.js";
import { show } from "../util/show.js";
import { type ActionHandler, ActionInvocation } from "./action-invocation.js";
import { loaderOf } from "./object-loader.js";
import type { ActionOptions } from "./types.js";

type AnyHandler = ActionHandler["handler"];
type AnyOptions = ActionOptions<never, object, unknown>;

/** One action of the application. Its rule is already built. */
interface ActionParts {
  readonly rule: Combination;
  readonly options: AnyOptions;
  readonly handler: AnyHandler;
}

/** The parts of a consumer. */
interface Parts {
  readonly connect?: unknown;
  readonly permissions?: unknown;
  readonly timeout?: Timeouts;
  readonly unknownAction?: "deny";
  readonly actions: ReadonlyMap<string, ActionParts>;
}

/** A consumer at run time. */
export class ConsumerBuilder implements ServableConsumer {
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
    const caller = `.action(${show(name)})`;
    if (typeof name !== "string" || name === "") {
      throw new PermissionMisuse(`${caller} needs a name: write .action("chat.send", rule, handler)`);
    }
    if (this.#parts.actions.has(name)) {
      throw new PermissionMisuse(
        `${caller} is there already: replace its handler by .handler(${show(name)}, handler), which keeps its rule`,
      );
    }
    const handler = rest.at(-1);
    const options = rest.length > 1 ? readOptions(caller, rest[0]) : {};
    return this.#withAction(name, { rule: ruleOf(rule, caller), options, handler: readHandler(caller, handler) });
  }

  handler(name: string, handler: unknown): ConsumerBuilder {
    const caller = `.handler(${show(name)})`;
    const action = this.#parts.actions.get(name);
    if (action === undefined) {
      throw new PermissionMisuse(`${caller}: there is no such action, add it with .action(name, rule, handler)`);
    }
    return this.#withAction(name, { ...action, handler: readHandler(caller, handler) });
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

  dispatch(context: DispatchContext): Promise<void> | undefined {
    return ActionInvocation.handle(context, this.#build().dispatched.get(context.message.action) as ActionHandler);
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

function readOptions(caller: string, options: unknown): AnyOptions {
  checkKeys(caller, options, OPTIONS);
  const { input, object } = options as AnyOptions;
  if (input !== undefined && typeof input?.["~standard"]?.validate !== "function") {
    throw new PermissionMisuse(
      `${caller} got an \`input\` that is no Standard Schema: give one of zod, valibot or the like`,
    );
  }
  if (object !== undefined && typeof object !== "function") {
    throw new PermissionMisuse(`${caller} got ${show(object)} as \`object\`: give a function that loads it`);
  }
  return { ...(options as AnyOptions) };
}

function readHandler(caller: string, handler: unknown): AnyHandler {
  if (typeof handler === "function") return handler as AnyHandler;
  throw new PermissionMisuse(`${caller} got ${show(handler)} as its handler: give a function`);
}

/** Builds the tree at once, so that a class is instantiated once, however often the consumer is extended. */
function ruleOf(rule: unknown, caller: string): Combination {
  return new Combination(toTree(rule, caller));
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
