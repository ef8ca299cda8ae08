import { PermissionMisuse } from "@portcullis/core";
import { type GuardOptions as CommonOptions, readCodec } from "@portcullis/core/adapter";
import type { Codec } from "@portcullis/core/codecs";
import { isHeader, misuse } from "@portcullis/core/internal";
import type { Hooks } from "crossws";
import type { UpgradeRequest } from "./upgrade-facts.js";

/** Options of a guard of crossws. The argument of `authenticate` is the upgrade request. */
export interface GuardOptions<Extra = unknown> extends CommonOptions<UpgradeRequest, Extra> {
  /** The codec of messages and answers. Default `dcrf()`. */
  codec?: Codec;
  /**
   * The form of a refused upgrade. `"status"` (default) answers with an HTTP status. `"close"` accepts, then closes with
   * a code that a browser can read (4401, 4403, 1013, 1011). Until it is closed, the client is one of the `peers` of
   * crossws, but subscribes to nothing.
   */
  refuse?: "status" | "close";
  /**
   * Bytes of the largest message. A larger one closes the connection with 1009. The runtime has read it by then, so set
   * its own limit too, where it has one. Default: that of the runtime.
   */
  maxPayload?: number;
  /** The `WWW-Authenticate` header of a 401 (RFC 9110, section 11.6.1). Default `Bearer`. */
  challenge?: string;
}

/** Options of `serve()`. */
export interface ServeOptions<Extra = unknown> extends GuardOptions<Extra> {
  /** Hooks of the application beside the consumer. Default: none. */
  hooks?: Omit<Partial<Hooks>, "message">;
}

const HOOKS: readonly (keyof Hooks)[] = ["upgrade", "open", "message", "close", "drain", "error", "ping", "pong"];

/**
 * Checks the hooks of an application.
 *
 * @throws {PermissionMisuse} When one is unknown, because a client could reach the application through it, or is no
 *   function.
 */
export function checkHooks(caller: string, hooks: unknown, names: readonly string[] = HOOKS): void {
  if (typeof hooks !== "object" || hooks === null) throw misuse(caller, hooks, "give an object of hooks", "`hooks`");
  for (const [name, hook] of Object.entries(hooks)) {
    if (!names.includes(name)) throw new PermissionMisuse(`${caller} got the hook \`${name}\`, which it cannot guard`);
    if (hook !== undefined && typeof hook !== "function") throw misuse(caller, hook, "give a function", `\`${name}\``);
  }
}

/** The hooks that stand beside a consumer. */
export const SERVED_HOOKS: readonly string[] = HOOKS.filter((name) => name !== "message");

/** The options of this adapter, with their defaults. */
export interface OwnOptions {
  readonly codec: Codec;
  readonly refuse: "status" | "close";
  readonly challenge: string;
  readonly maxPayload: number;
}

/** The names of the options of this adapter. */
export const OWN_OPTIONS: readonly string[] = ["codec", "refuse", "challenge", "maxPayload"];

/**
 * Reads the options of this adapter.
 *
 * @param isServed True for `serve()`.
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function readOptions(caller: string, options: GuardOptions, isServed: boolean): OwnOptions {
  const { refuse = "status", challenge = "Bearer", maxPayload = Number.POSITIVE_INFINITY } = options;
  const codec = readCodec(caller, options.codec, isServed);
  if (refuse !== "status" && refuse !== "close") {
    throw new PermissionMisuse(`${caller} got a wrong \`refuse\`: write "status" or "close"`);
  }
  if (!isHeader("WWW-Authenticate", challenge)) {
    throw new PermissionMisuse(`${caller} got a wrong \`challenge\`: give a header value, as in 'Bearer realm="app"'`);
  }
  if (typeof maxPayload !== "number" || !(maxPayload > 0)) {
    throw misuse(caller, maxPayload, "give a number of bytes above 0", "`maxPayload`");
  }
  return { codec, refuse, challenge, maxPayload };
}
