import type { Scope } from "@portcullis/core";
import type { Gate, Session } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { EventReaders, Message } from "./event.js";
import type { KeptRights } from "./kept-rights.js";
import type { Denied } from "./refusal.js";

/** The options of this adapter, with their defaults. */
export interface OwnOptions extends EventReaders {
  readonly denied: Denied;
  readonly data: ((scope: Scope) => unknown) | undefined;
  readonly fairScheduling: boolean;
}

/** A guarded socket. */
export interface GuardedSocket {
  /** `undefined` before it is open. */
  readonly session: Session<Message> | undefined;
  /** True while its events pass the gate. */
  readonly isGated: boolean;
}

/** The parts that all sockets of one guard share. `C` is the adapter's connection of each socket. */
export interface GuardContext<C extends GuardedSocket = GuardedSocket> {
  /** The name of the guard, which is the same in every process of one application. */
  readonly name: string;
  readonly gate: Gate<Socket>;
  readonly options: OwnOptions;
  /** Connections by socket. */
  readonly connections: WeakMap<object, C>;
  /** The rights of connections that were cut off; `undefined` where the server restores none. */
  readonly rights: KeptRights | undefined;
  /** True when the server decodes with another parser than that of socket.io. */
  readonly hasOwnParser: boolean;
}
