import { PermissionMisuse } from "@portcullis/core";
import type { GuardOptions as CommonOptions, Gate } from "@portcullis/core/adapter";
import { FRAME_OPTIONS, type FrameOptions, type PolledGuard, readFrameOptions } from "@portcullis/core/frames";
import { isMisspelling, misuse } from "@portcullis/core/internal";
import type { Hooks } from "crossws";

/** The argument of the hook `upgrade` and of `authenticate`. */
export type UpgradeRequest = Parameters<Hooks["upgrade"]>[0];

/**
 * Options of a guard of crossws. The argument of `authenticate` is the upgrade request. With `refuse: "close"` a refused
 * client is one of the `peers` of crossws until it is closed, but subscribes to nothing.
 */
export interface CrosswsGuardOptions<Extra = unknown> extends CommonOptions<UpgradeRequest, Extra>, FrameOptions {
  /**
   * Bytes of the largest message. A larger one closes the connection with 1009. The runtime has read it by then, so set
   * its own limit too, where it has one. Default: that of the runtime.
   */
  maxPayload?: number;
}

/** Options of `serve()`. */
export interface ServeOptions<Extra = unknown> extends CrosswsGuardOptions<Extra> {
  /** Hooks of the application beside the consumer. Default: none. */
  hooks?: Omit<Partial<Hooks>, "message">;
}

/** The function that the application has called. */
export type Caller = "guard()" | "serve()";

const HOOKS = ["upgrade", "open", "message", "close", "drain", "error", "ping", "pong"];

/** The parts of a guard that its connections use: its gate, and the options of this adapter, with their defaults. */
export interface Guarding extends PolledGuard {
  readonly gate: Gate<UpgradeRequest>;
  /** The hooks of the application. Each is read when it is called, as crossws does. */
  readonly hooks: Partial<Hooks>;
}

/** The names of the options of this adapter. */
export const OWN_OPTIONS: readonly string[] = [...FRAME_OPTIONS, "maxPayload"];

/**
 * Reads the options of this adapter.
 *
 * @throws {PermissionMisuse} When one is of the wrong type.
 */
export function readOptions(caller: Caller, options: CrosswsGuardOptions): Omit<Guarding, "gate" | "hooks"> {
  const { maxPayload = Number.POSITIVE_INFINITY } = options;
  if (typeof maxPayload !== "number" || !(maxPayload > 0)) {
    throw misuse(caller, maxPayload, "give a number of bytes above 0", "`maxPayload`");
  }
  return { ...readFrameOptions(caller, options, caller === "serve()"), maxPayload };
}

/**
 * Checks the hooks of an application. With `serve()` it has no `message`.
 *
 * @throws {PermissionMisuse} When one is unknown, because a client could reach the application through it, or is no
 *   function.
 */
export function checkHooks(caller: Caller, hooks: unknown): void {
  if (typeof hooks !== "object" || hooks === null || Array.isArray(hooks)) {
    throw misuse(caller, hooks, "give an object of hooks", "`hooks`");
  }
  for (const [name, hook] of Object.entries(hooks)) {
    const isKnown = HOOKS.includes(name) && !(caller === "serve()" && name === "message");
    if (!isKnown)
      throw new PermissionMisuse(`${caller} got the hook \`${name}\`, which it cannot guard: ${adviceFor(name)}`);
    if (hook !== undefined && typeof hook !== "function") throw misuse(caller, hook, "give a function", `\`${name}\``);
  }
}

function adviceFor(name: string): string {
  if (name === "message") return "the consumer answers the messages; guard() takes listeners";
  const near = HOOKS.find((hook) => isMisspelling(name, hook));
  return near ? `did you mean \`${near}\`?` : `the hooks are ${HOOKS.join(", ")}`;
}
