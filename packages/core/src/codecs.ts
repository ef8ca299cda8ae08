/**
 * Codecs for transports of frames, such as WebSocket.
 *
 * @module @portcullis/core/codecs
 */

export type { Codec, Decoded, EnvelopeCodec, Frame, FrameContext, ReplyHead, ServingCodec } from "./codecs/codec.js";
export type { DcrfOptions, DcrfRequest } from "./codecs/dcrf.js";
export { dcrf } from "./codecs/dcrf.js";
export type { CodecOptions, Heartbeat } from "./codecs/heartbeat.js";
export type { JsonOptions, JsonRequest } from "./codecs/json.js";
export { json } from "./codecs/json.js";
export type { JsonRpcCodec, JsonRpcOptions, JsonRpcRequest } from "./codecs/json-rpc.js";
export { jsonRpc } from "./codecs/json-rpc.js";
export type { JsonMessage } from "./codecs/read-json.js";
