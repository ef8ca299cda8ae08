import type { IncomingMessage } from "node:http";
import { PermissionDenied, type Scope } from "@portcullis/core";
import { bodyOf } from "./body.js";
import { type DerivationSettings, type HttpContext, isHandshake, isServersOwn } from "./http-context.js";
import type { Derived } from "./make-request.js";
import { headersOf } from "./request-headers.js";
import { deriveTarget } from "./request-target.js";
import { textOf } from "./url-text.js";

/**
 * Derives the request that middlewares see from a question to a rule.
 *
 * @throws {PermissionDenied} When no request can be made of the data that the client sent.
 * @throws {PermissionMisuse} When a function among the options returned an unusable value.
 */
export function derive(caller: string, settings: DerivationSettings, context: HttpContext<never>): Derived {
  const scope = context.scope as Scope;
  const handshake = (scope.request ?? {}) as Partial<IncomingMessage>;
  const input = settings.params ? settings.params(context) : context.payload;
  const { body, bytes } = bodyOf(settings.body ? settings.body(context) : context.payload, settings.maxBody);
  const method = settings.methodOf(context.phase, context.action);
  const { url, unfit } = deriveTarget(settings, { context, input, handshake, method });
  const headers = headersOf(caller, settings, scope, handshake);
  headers["content-length"] = String(bytes.length);
  return {
    phase: context.phase,
    isHandshake: isHandshake(context),
    isIdle: isServersOwn(context),
    method,
    url,
    unfitQuery: unfit,
    headers,
    params: paramsOf(input),
    body,
    bytes,
    handshake,
    scope,
  };
}

function paramsOf(input: Readonly<Record<string, unknown>>): Record<string, string> {
  const params: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(input)) {
    const text = textOf(value);
    if (text !== undefined) params[name] = text;
    else if (value !== undefined) refuseParam(params, name);
  }
  return params;
}

/**
 * Makes the reading of a param throw, because its value has no text. To the rule the param would be missing, although
 * its action gets a value. Rules that do not read the param are not affected, and a router may overwrite it.
 */
export function refuseParam(params: Record<string, unknown>, name: string): void {
  Object.defineProperty(params, name, {
    configurable: true,
    enumerable: false,
    get() {
      throw new PermissionDenied("invalid_input", { status: 400, reason: `\`${name.slice(0, 40)}\` does not fit.` });
    },
    set(value: unknown) {
      Object.defineProperty(params, name, { value, configurable: true, enumerable: true, writable: true });
    },
  });
}
