import { METHODS } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { checkKeys } from "@portcullis/core/internal";
import type { MethodOf } from "../exchange/http-context.js";

/** HTTP methods by name of the action; `connect` stands for the moment a connection is opened. */
export type MethodMap = Readonly<Record<string, string>>;

const REST: MethodMap = {
  connect: "GET",
  list: "GET",
  retrieve: "GET",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  partial_update: "PATCH",
  delete: "DELETE",
  destroy: "DELETE",
};

/**
 * The methods that Django Channels REST Framework gives to its actions, for the option `methods`: create is PUT, update
 * is PATCH, connect is HEAD. An action it would turn into a method by its name (`purge` into PURGE) stays POST: what a
 * client calls its action never chooses the method.
 *
 * @example
 * ```ts
 * import { dcrfMethods } from "@portcullis/adapter-express-bridge";
 * console.assert(dcrfMethods.create === "PUT" && dcrfMethods.connect === "HEAD");
 * ```
 */
export const dcrfMethods: MethodMap = Object.freeze({
  connect: "HEAD",
  list: "GET",
  retrieve: "GET",
  create: "PUT",
  update: "PATCH",
  patch: "PATCH",
  partial_update: "PATCH",
  delete: "DELETE",
});

/** Middlewares let these pass without a look: a preflight brings no credentials. */
const NEVER = ["OPTIONS", "CONNECT", "TRACE"];

/**
 * Reads the option `methods`; what it does not name stays as it is.
 *
 * @param defaults The methods of what it does not name. None where no policy names the actions: a client calls its action
 *   as it likes, and does not choose the method by that.
 * @throws {PermissionMisuse} When a method is none, or one that middlewares let pass without a look.
 */
export function readMethods(caller: string, input: MethodMap = {}, defaults = REST): MethodOf {
  checkKeys("`methods`", input, Object.keys(input));
  const methods = new Map(Object.entries(defaults));
  for (const [action, method] of Object.entries(input)) {
    if (!METHODS.includes(method) || NEVER.includes(method)) {
      throw new PermissionMisuse(
        `${caller} got \`${String(method)}\` as the method of \`${action}\`: give one in capitals that asks for something, as in "POST"`,
      );
    }
    methods.set(action, method);
  }
  const connect = (methods.get("connect") ?? REST.connect) as string;
  // An action that a client calls `connect` is not the moment of that name.
  methods.delete("connect");
  return (phase, action) => (phase === "connect" ? connect : (methods.get(action) ?? "POST"));
}
