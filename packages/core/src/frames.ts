/**
 * The parts that adapters of frame transports share, such as those of WebSocket. Applications need nothing of it.
 *
 * @module @portcullis/core/frames
 */

export { closeReason } from "./frames/close-reason.js";
export { type DecodedMessage, sizeOf } from "./frames/decoded-message.js";
export { FrameExchange } from "./frames/frame-exchange.js";
export {
  FRAME_OPTIONS,
  type FrameOptions,
  type ReadFrameOptions,
  type RefusedRequest,
  readFrameOptions,
} from "./frames/frame-options.js";
export { PolledOutgoing } from "./frames/polled-outgoing.js";
export { refusalResponse } from "./frames/refusal-response.js";
export { openAnswerHeaders, takeAnswerHeaders } from "./guard/handshake/response-headers.js";
