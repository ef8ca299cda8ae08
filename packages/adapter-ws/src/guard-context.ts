import type { IncomingMessage } from "node:http";
import type { Gate } from "@portcullis/core/adapter";
import type { FrameGuard } from "@portcullis/core/frames";
import type { RawData } from "ws";
import type { OwnOptions } from "./options.js";
import type { BareSocket } from "./ws-internals.js";

/** The parts that all connections of one server share. */
export interface GuardContext {
  readonly gate: Gate<IncomingMessage>;
  readonly options: OwnOptions;
  /** The gate and the options of frames, as the exchange of frames needs them. */
  readonly frames: FrameGuard;
  /** True for a ping of the codec's heartbeat. */
  readonly isPing: ((data: RawData, isBinary: boolean) => boolean) | undefined;
  /** The prototype of the server's own socket class. Its methods bypass the gate. */
  readonly bare: BareSocket;
  /** Warns once about an allowed message that no listener received. */
  readonly warnUnheard: () => void;
  /** True when the sockets of this server share the event loop. */
  readonly isFair: boolean;
}
