import type { IncomingMessage } from "node:http";
import type { Gate } from "@portcullis/core/adapter";
import type { RawData } from "ws";
import type { OwnOptions } from "./options.js";
import type { BareSocket } from "./ws-internals.js";

/** The parts that all connections of one server share. */
export interface GuardContext {
  readonly gate: Gate<IncomingMessage>;
  readonly options: OwnOptions;
  /** Tells the pings of the codec's heartbeat. */
  readonly isPing: ((data: RawData, isBinary: boolean) => boolean) | undefined;
  /** The methods of a socket behind the gate. */
  readonly bare: BareSocket;
  /** Warns, once, that a message was allowed and nobody listened. */
  readonly warnUnheard: () => void;
  /** True when the sockets of this server take turns. */
  readonly isFair: boolean;
}
