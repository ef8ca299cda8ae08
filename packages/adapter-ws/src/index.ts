/**
 * Guards for servers of [ws](https://github.com/websockets/ws).
 *
 * @module @portcullis/adapter-ws
 */

export type { DecisionEvent, GuardSession, Limits, Needed, OriginRule, Origins, Refusal } from "@portcullis/core";
export type { Authenticated, PolicyFor, ScopeWith } from "@portcullis/core/adapter";
// Guards
export type { Guard } from "./attach.js";
// Codecs
export type { Answered, Codec, Decoded, Frame } from "./codecs/codec.js";
export type { DcrfOptions, DcrfRequest } from "./codecs/dcrf.js";
export { dcrf } from "./codecs/dcrf.js";
export type { CodecOptions, Heartbeat } from "./codecs/heartbeat.js";
export type { JsonOptions, JsonRequest } from "./codecs/json.js";
export { json } from "./codecs/json.js";
export type { JsonRpcOptions, JsonRpcRequest } from "./codecs/json-rpc.js";
export { jsonRpc } from "./codecs/json-rpc.js";
export { guard } from "./guard.js";
export type { WsGuardOptions } from "./options.js";
export { serve } from "./serve.js";
export type { OptionsFor } from "./types.js";
