/**
 * The parts that adapters of frame transports share, such as those of WebSocket. Applications need nothing of it.
 *
 * @module @portcullis/core/frames
 */

export { closeReason } from "./frames/close-reason.js";
export { attempt, type ClosableSocket, closeSocket } from "./frames/close-socket.js";
export type { DecodedMessage } from "./frames/decoded-message.js";
export { FrameConnection } from "./frames/frame-connection.js";
export { FrameExchange, type FrameGuard } from "./frames/frame-exchange.js";
export {
  FRAME_OPTIONS,
  type FrameOptions,
  type ReadFrameOptions,
  type RefusedRequest,
  readFrameOptions,
} from "./frames/frame-options.js";
export { PolledConnection, type PolledGuard } from "./frames/polled-connection.js";
export { refusalResponse } from "./frames/refusal-response.js";
export { openAnswerHeaders, takeAnswerHeaders } from "./guard/handshake/response-headers.js";
