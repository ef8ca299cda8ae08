/**
 * Policies with handlers.
 *
 * @module @portcullis/core/consumer
 */

import { ConsumerBuilder } from "./consumer/definition.js";
import type { ConsumerFactory } from "./consumer/types.js";
import { misuse } from "./decision/errors.js";

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

/**
 * Starts the definition of a consumer, which holds rules and handlers in one place for `serve()` of any adapter.
 *
 * @returns A consumer without rules. Every method returns a new consumer.
 * @throws {PermissionMisuse} When an argument is given. Methods of the consumer throw it for a value that is no rule or
 *   no handler, and for an unknown option.
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
export const defineConsumer: ConsumerFactory = (...input: unknown[]) => {
  if (input.length > 0) {
    throw misuse(
      "defineConsumer()",
      input[0],
      "it takes nothing: write defineConsumer().connect(rule).action(name, rule, handler)",
    );
  }
  return new ConsumerBuilder({ actions: new Map() }) as never;
};

/**
 * Binds the scope type of a server, so that handlers are typed with it and rules are checked against it.
 *
 * @returns An object with `defineConsumer` for that scope.
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
