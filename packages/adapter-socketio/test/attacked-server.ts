import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo, Socket as TcpSocket } from "node:net";
import { AllowAny, definePolicy, deny, permission } from "@portcullis/core";
import type { AttackOptions } from "@portcullis/testing/attack";
import { Server, type Socket } from "socket.io";
import { sleep } from "../../../test/helpers.js";
import { guard, type SocketGuardOptions } from "../src/index.js";

/** The duration of the rule of `work`, in milliseconds. */
const SLOW = 100;
const LARGEST = 65_536;
/** Milliseconds that allow for parallel tests and busy machines. */
const PATIENCE = 8_000;
export const HANDSHAKE = 500;
/** A text so long that few unread refusals fill the kernel's buffers. */
const REASON = "You may not post. ".repeat(150);

/** Records that an event was handled, and answers it. */
export type Note = (payload: unknown) => void;
export type Acknowledge = ((answer: unknown) => void) | undefined;

/** The difference from a completely guarded server. */
export interface Change {
  readonly options?: (origin: string) => SocketGuardOptions;
  readonly rules?: (accounts: Accounts) => object;
  readonly largest?: number;
  /** The time for which the kit waits for an expected event, in milliseconds. */
  readonly patience?: number;
  readonly application?: (note: Note) => (socket: Socket) => void;
  /** The subject of the guard. Default: the server with all namespaces. */
  readonly place?: (io: Server) => Server;
  /** Changes the server after it is guarded, and before the application listens. */
  readonly patch?: (io: Server, http: HttpServer) => void;
}

/** The accounts of a server whose rights may change. */
export class Accounts {
  readonly banned = new Set<string>();

  isBanned(user: unknown): boolean {
    return this.banned.has((user as { id?: string } | null)?.id ?? "");
  }

  mayPost(user: unknown): boolean {
    return (user as { id?: string } | null)?.id === "ann" && !this.isBanned(user);
  }

  userOf(cookie = ""): { id: string; mightPost: boolean } | null {
    const id = /session=(\w+)/.exec(cookie)?.[1];
    return id === undefined ? null : { id, mightPost: this.mayPost({ id }) };
  }
}

/** Denies with a reason, unless the condition is true. */
export const orSay = (isSo: boolean) => isSo || deny("not_yours", { reason: REASON });

const welcome = (isWelcome: (user: unknown) => boolean) =>
  permission("isWelcome", {
    connect: ({ scope }) => (scope.user as { id?: string } | null)?.id !== "eve" && isWelcome(scope.user),
  });

/** Rules for each action. */
export const rulesOf = (accounts: Accounts) => ({
  connect: welcome((user) => !accounts.isBanned(user)),
  actions: {
    ping: AllowAny,
    post: permission("mayPost", ({ scope }) => orSay(accounts.mayPost(scope.user))),
    work: permission("afterAWhile", async () => {
      await sleep(SLOW);
      return true;
    }),
  },
});

/** Rules without a table of actions. Unlisted actions reach the application. */
export const rulesWithoutTable = (accounts: Accounts) => ({
  connect: rulesOf(accounts).connect,
  permissions: permission("mayPost", ({ scope, action }) => orSay(action !== "post" || accounts.mayPost(scope.user))),
});

/** Rules that use the rights from the time of the connect. */
export const staleRulesOf = (accounts: Accounts) => {
  const rules = rulesOf(accounts);
  const mightPost = permission("mightPost", ({ scope }) =>
    orSay((scope.user as { mightPost?: boolean } | null)?.mightPost === true),
  );
  return { ...rules, actions: { ...rules.actions, post: mightPost } };
};

/** Rules that leave the second check to the application. */
export const hastyRulesOf = (accounts: Accounts) => {
  const rules = rulesOf(accounts);
  return { ...rules, actions: { ...rules.actions, work: AllowAny } };
};

/** Rules that do not check at connect if a user is banned. */
export const forgettingRulesOf = (accounts: Accounts) => ({ ...rulesOf(accounts), connect: welcome(() => true) });

/** Rules that allow every action with bytes. */
export const textRulesOf = (accounts: Accounts) => {
  const rules = rulesOf(accounts);
  const mayPost = permission("mayPostTexts", ({ scope, payload }) =>
    orSay(accounts.mayPost(scope.user) || Object.values(payload).some((value) => Buffer.isBuffer(value))),
  );
  return { ...rules, actions: { ...rules.actions, post: mayPost } };
};

/** Listens for all actions, and for errors, as many applications do. */
const listening =
  (note: Note) =>
  (socket: Socket): void => {
    for (const event of ["ping", "post", "work", "error"]) {
      socket.on(event, (payload: unknown, acknowledge: Acknowledge) => {
        note(payload);
        acknowledge?.({ ok: true });
      });
    }
  };

/** A running server, with the facts that the kit needs. */
export interface Attacked {
  readonly url: string;
  readonly attackOptions: AttackOptions;
  stop(): Promise<void>;
}

/** Starts a server that is guarded except for the change. */
export async function startAttacked(change: Change = {}): Promise<Attacked> {
  const timeouts = { headersTimeout: 2 * HANDSHAKE, connectionsCheckingInterval: 50 };
  const http = createServer(timeouts);
  const tcp = new Set<TcpSocket>();
  http.on("connection", (connection) => tcp.add(connection));
  const io = new Server(http, { maxHttpBufferSize: change.largest ?? LARGEST, connectionStateRecovery: {} });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const accounts = new Accounts();
  const handled = new Set<unknown>();
  const overheard = new Set<unknown>();
  const place = change.place?.(io) ?? io;
  const guarding = guard(place, definePolicy((change.rules ?? rulesOf)(accounts)) as never, {
    authenticate: ({ handshake }) => ({ user: accounts.userOf(handshake.headers.cookie) }),
    origins: [origin],
    limits: { handshake: HANDSHAKE, pendingMessages: 10 },
    ...(change.options?.(origin) as object),
  });
  change.patch?.(io, http);
  const note: Note = (payload) => void handled.add(markerOf(payload));
  for (const namespace of [io.sockets, io.of("/admin"), io.of(/^\/room-\d+$/)]) {
    namespace.on("connection", (socket) => {
      socket.onAny((_event, payload) => overheard.add(markerOf(payload)));
      // A client can resume only after a first event.
      socket.emit("greeting");
    });
    namespace.on("connection", (change.application ?? listening)(note));
  }
  return {
    url: origin,
    attackOptions: {
      protocol: "socket.io",
      accounts: {
        allowed: { headers: { cookie: "session=ann" } },
        denied: { headers: { cookie: "session=bob" } },
        refused: { headers: { cookie: "session=eve" } },
      },
      actions: { open: { action: "ping" }, guarded: { action: "post" }, slow: { action: "work" } },
      entrances: ["/admin", "/room-1"],
      handled: (marker) => handled.has(marker),
      overheard: (marker) => overheard.has(marker),
      connections: () => guarding.sessions.size,
      revoke: () => accounts.banned.add("ann"),
      restore: () => accounts.banned.clear(),
      limits: { handshake: HANDSHAKE, message: LARGEST, unread: 5_000, timeout: change.patience ?? PATIENCE },
    },
    async stop() {
      for (const connection of tcp) connection.destroy();
      await io.close();
    },
  };
}

function markerOf(payload: unknown): unknown {
  if (Buffer.isBuffer(payload)) return payload.toString();
  return (payload as { marker?: unknown } | null)?.marker;
}
