import { misuse } from "@portcullis/core/internal";

/** An entry of a stream. */
export interface StreamEntry {
  /** The id that Redis gave it. */
  readonly id: string;
  /** The text that was added. */
  readonly text: string;
}

/** A client of `redis` 5 or 6 (node-redis), a pool, a cluster or a sentinel of it. */
export interface NodeRedisClient {
  xAdd(...parameters: never[]): unknown;
  xRange(...parameters: never[]): unknown;
  xRevRange(...parameters: never[]): unknown;
}

/** A client of `ioredis` 5 or 6, or a cluster of it. */
export interface IoRedisClient {
  xadd(...parameters: never[]): unknown;
  xrange(...parameters: never[]): unknown;
  xrevrange(...parameters: never[]): unknown;
}

/** One stream of Redis, through the client of the application. */
export interface RedisStream {
  add(text: string, signal: AbortSignal | undefined): Promise<void>;
  /** The entries from an id on, at most `most`. */
  from(id: string, most: number): Promise<readonly StreamEntry[]>;
  /** The newest entry. */
  last(): Promise<StreamEntry | undefined>;
}

/** The key of the stream, and how many entries it keeps at least. */
export interface StreamOptions {
  readonly key: string;
  readonly keep: number;
}

const FIELD = "record";
const NODE_REDIS = ["xAdd", "xRange", "xRevRange"] as const;
const IO_REDIS = ["xadd", "xrange", "xrevrange"] as const;

type Commands<Name extends string> = Readonly<Record<Name, (...parameters: unknown[]) => unknown>>;
type NodeCommands = Commands<(typeof NODE_REDIS)[number]> & Partial<Commands<"withTypeMapping" | "withAbortSignal">>;
type IoCommands = Commands<(typeof IO_REDIS)[number]>;

/**
 * Reads and writes a stream by the methods of the client.
 *
 * @throws {PermissionMisuse} When it is no client of node-redis or ioredis.
 */
export function streamOf(client: unknown, options: StreamOptions): RedisStream {
  const commands: object = Object(client);
  if (hasAll(commands, NODE_REDIS)) return nodeRedisStream(commands, options);
  if (hasAll(commands, IO_REDIS)) return ioRedisStream(commands, options);
  const advice = "give a client of redis 5 or 6, as in { client: createClient({ url }) }, or one of ioredis 5 or 6";
  throw misuse("redisRevocations()", client, advice, "`client`");
}

function hasAll<Name extends string>(client: object, names: readonly Name[]): client is Commands<Name> {
  return names.every((name) => typeof (client as Partial<Commands<Name>>)[name] === "function");
}

function nodeRedisStream(client: NodeCommands, { key, keep }: StreamOptions): RedisStream {
  // The application may have answers given in other types, such as buffers.
  const plain = (client.withTypeMapping?.({}) ?? client) as NodeCommands;
  const TRIM = { strategy: "MAXLEN", strategyModifier: "~", threshold: keep };
  const read = (answer: unknown) => listOf(answer).map((entry) => entryOf(entry.id, entry.message?.[FIELD]));
  return {
    async add(text, signal) {
      // A command that was not sent yet is taken back when nobody waits for it.
      const sender = (signal === undefined ? plain : (plain.withAbortSignal?.(signal) ?? plain)) as NodeCommands;
      checkAdded(await sender.xAdd(key, "*", { [FIELD]: text }, { TRIM }));
    },
    from: async (id, COUNT) => read(await plain.xRange(key, id, "+", { COUNT })),
    last: async () => read(await plain.xRevRange(key, "+", "-", { COUNT: 1 }))[0],
  };
}

function ioRedisStream(client: IoCommands, { key, keep }: StreamOptions): RedisStream {
  const read = (answer: unknown) => listOf(answer).map(([id, fields]) => entryOf(id, fieldOf(fields)));
  return {
    async add(text) {
      checkAdded(await client.xadd(key, "MAXLEN", "~", keep, "*", FIELD, text));
    },
    from: async (id, most) => read(await client.xrange(key, id, "+", "COUNT", most)),
    last: async () => read(await client.xrevrange(key, "+", "-", "COUNT", 1))[0],
  };
}

/** The value of the field in a list of names and values. */
function fieldOf(fields: unknown): unknown {
  if (!Array.isArray(fields)) return undefined;
  const at = fields.findIndex((name, index) => index % 2 === 0 && name === FIELD);
  return at === -1 ? undefined : fields[at + 1];
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of a client, which is read with care
function listOf(answer: unknown): any[] {
  if (!Array.isArray(answer)) throw new TypeError("the client of Redis has not answered a list of entries");
  return answer;
}

/** An entry that other programs have added has no field of ours; its text is empty. */
function entryOf(id: unknown, text: unknown): StreamEntry {
  if (typeof id !== "string") throw new TypeError("the client of Redis has answered an entry without an id");
  return { id, text: typeof text === "string" ? text : "" };
}

function checkAdded(id: unknown): void {
  if (typeof id !== "string") throw new TypeError("the client of Redis has not answered the id of the entry");
}
