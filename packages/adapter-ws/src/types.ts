import type * as core from "@portcullis/core/adapter";
import type { WsGuardOptions } from "./options.js";

/** The options after a policy. `authenticate` is required when the rules need more than every handshake has. */
export type OptionsFor<S, Extra> = core.OptionsFor<S, Extra, WsGuardOptions<Extra>>;
