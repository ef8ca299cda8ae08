import { METHODS } from "node:http";
import { PermissionMisuse } from "@portcullis/core";
import { checkKeys } from "@portcullis/core/internal";
import type { MethodOf } from "../exchange/http-context.js";

/** HTTP methods by action name. The name `connect` stands for the opening of a connection. */
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
 * The methods of Django Channels REST Framework, for the option `methods`: create is PUT, update is PATCH, connect is
 * HEAD. DCRF turns the name of a custom action into a method (`purge` into PURGE). Here such an action stays POST, so a
 * client never chooses the method by the name of its action.
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

/** Methods that middlewares pass unchecked, because a preflight has no credentials. */
const NEVER = ["OPTIONS", "CONNECT", "TRACE"];

/**
 * Reads the option `methods`. Actions that it does not name keep their default.
 *
 * @param defaults The methods of unnamed actions. Empty when no policy names the actions, because then a client chooses
 *   the name and must not choose the method by it.
 * @throws {PermissionMisuse} When a method does not exist, or is one that middlewares pass unchecked.
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
  // An action named `connect` is not the opening of a connection.
  methods.delete("connect");
  return (phase, action) => (phase === "connect" ? connect : (methods.get(action) ?? "POST"));
}
