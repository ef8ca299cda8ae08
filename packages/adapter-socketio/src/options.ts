import type { GuardOptions } from "@portcullis/core/adapter";
import { type LaterScope, misuse } from "@portcullis/core/internal";
import type { Socket } from "socket.io";
import { RESERVED, type ReadAction, type ReadPayload } from "./namespace/event.js";
import type { OwnOptions } from "./namespace/guard-context.js";
import { type Denied, denied } from "./namespace/refusal.js";
import type { SocketScope } from "./namespace/scope.js";

/** The options of `guard` and `serve`. `S` is the socket type of the server. */
export interface SocketGuardOptions<S = Socket, Extra = unknown> extends GuardOptions<S, Extra, SocketScope> {
  /**
   * Makes the action that rules see from the name and the arguments of an event, without the acknowledgement, as in
   * `(event, [service]) => (typeof service === "string" ? `${service}.${event}` : undefined)`. `undefined` refuses the
   * event with `bad_message`. A function that throws, or returns anything else, refuses it with `permission_error`.
   * Listeners get the event unchanged. Default: the name of the event.
   */
  action?: ReadAction;
  /**
   * Makes the payload that rules see from the arguments of an event, without the acknowledgement. Listeners get the
   * arguments unchanged. Default: the first argument if it is a plain object, `{}` if there is none, else `{ args }`.
   */
  payload?: ReadPayload;
  /**
   * Makes the values to put into `socket.data` when a socket is admitted, from its scope: what `fetchSockets()` shows to
   * other processes of a cluster. Called before the `connection` event. Returns an object at once; a function that
   * throws refuses the socket. A `refresh()` does not call it.
   */
  data?: (scope: LaterScope<NoInfer<Extra>, SocketScope>) => object;
  /** Makes the answer to a refused event. Default `{ ok: false, error: { code, status, reason, retry } }`. */
  denied?: Denied;
  /**
   * True when clients take turns. In one tick of the event loop, 16 messages of each WebSocket are emitted, or 2 while
   * more are buffered. The WebSocket is not read meanwhile, so a client that sends as fast as it can does not delay the
   * others. Default true. It applies to the whole server as soon as one guard enables it.
   */
  fairScheduling?: boolean;
}

/** The names of the options of this adapter. */
export const OWN_OPTIONS: readonly string[] = ["action", "payload", "denied", "data", "fairScheduling"];

/** The options that are functions, each with an example. */
const FUNCTIONS = {
  action: '(event, [service]) => service + "." + event',
  payload: "(event, args) => ({ text: args[0] })",
  denied: "(refusal) => ({ error: refusal.code })",
  data: "({ user }) => ({ userId: user.id })",
} as const;

/**
 * Reads the options of this adapter.
 *
 * @throws {PermissionMisuse} When an option has the wrong type.
 */
export function readOptions(caller: string, options: SocketGuardOptions): OwnOptions {
  const { action, payload, denied: shape = denied, data, fairScheduling = true } = options;
  for (const [name, value] of Object.entries({ action, payload, denied: shape, data })) {
    if (value !== undefined && typeof value !== "function") {
      const example = FUNCTIONS[name as keyof typeof FUNCTIONS];
      throw misuse(caller, value, `give a function, as in ${example}`, `\`${name}\``);
    }
  }
  if (typeof fairScheduling !== "boolean") {
    throw misuse(caller, fairScheduling, "write true or false", "`fairScheduling`");
  }
  const renews = options.continuity?.["~renews"];
  if (renews !== undefined && RESERVED.has(renews)) {
    throw misuse(
      caller,
      renews,
      'socket.io keeps this event for itself: name another, as in "auth.renew"',
      "`renew.action`",
    );
  }
  return { action, payload, denied: shape, data: data as OwnOptions["data"], fairScheduling };
}
