import { once } from "node:events";
import { sleep } from "../bell.js";
import type { Client } from "../client.js";
import { cannot, holds, isOpen } from "../findings.js";
import { textFrame } from "../frames.js";
import type { Hole } from "../hole.js";
import type { Target } from "../target.js";

/** Bytes beyond the limit. */
const TOO_MUCH = 65_536;
const BATCH = 250;
/** Bytes. More than the socket buffers of both kernels hold. */
const FILLER = 10 * 1_048_576;
const FILLER_PIECE = 16_384;
/** Milliseconds between two looks at a stalled write, and the number of looks. */
const STALLED = 120;
const LOOKS = 15;

export const oversizedMessages: Hole = {
  name: "oversized-messages",
  title: "a message larger than the limit is taken in and handled",
  async play(target) {
    const { message: limit, timeout } = target.limits;
    const client = await target.enterSurely(target.allowed);
    const open = target.open;
    const large = { ...open, payload: { ...open.payload, filler: "x".repeat(limit + TOO_MUCH) } };
    const [id] = client.send(large) as [number];
    await client.answerTo(id, timeout);
    if (await target.hasRun(client, id, large)) return isOpen(`one of ${limit + TOO_MUCH} bytes was handled`);
    if (!client.isEnded && client.answers.every((answer) => answer.id !== id)) {
      return isOpen(`one of ${limit + TOO_MUCH} bytes was neither refused nor was the connection closed`);
    }
    return holds(client.isEnded ? client.ending : "it was refused");
  },
};

/** A refusal is longer than its message, so refusals for a client that reads none must be limited. */
export const unreadAnswers: Hole = {
  name: "unread-answers",
  title: "answers that nobody reads are kept without a limit",
  async play(target) {
    const { unread } = target.limits;
    const client = await target.enterSurely(target.denied);
    const refusal = await target.ask(client, target.guarded);
    if (refusal === undefined) return cannot("denied messages are not answered");
    const before = client.answers.length;
    client.connection.socket.pause();
    const ending = (await flood(target, client)) ?? (await fill(target, client));
    if (ending) return holds(`${ending} after ${unread} messages at the most`);
    client.connection.socket.resume();
    const count = () => client.answers.length - before;
    await client.bell.until(() => count() >= unread || client.isEnded, target.limits.timeout * 2);
    if (client.isEnded && count() < unread)
      return holds(`it kept ${count()} of ${unread} answers, then it cut the connection off`);
    return isOpen(`answers to ${unread} messages were kept for a client that read none`);
  },
};

/** Sends messages that are refused. Returns the reason when it stops early. */
async function flood(target: Target, client: Client): Promise<string | undefined> {
  for (let sent = 0; sent < target.limits.unread; sent += BATCH) {
    const batch = Buffer.concat(Array.from({ length: BATCH }, () => textFrame(client.textOf(target.guarded).text)));
    const ending = await write(target, client, batch);
    if (ending) return ending;
  }
  return undefined;
}

/** Sends more bytes than the kernels can buffer, so that the server must have read them. */
async function fill(target: Target, client: Client): Promise<string | undefined> {
  const message = target.guarded;
  const filler = "x".repeat(Math.min(FILLER_PIECE, Math.floor(target.limits.message / 2)));
  for (let sent = 0; sent < FILLER; sent += filler.length) {
    const { text } = client.textOf({ ...message, payload: { ...message.payload, filler } });
    const ending = await write(target, client, textFrame(text));
    if (ending) return ending;
  }
  return undefined;
}

/** Writes data, and waits while the server does not read. Returns the reason when it stops. */
async function write(target: Target, { connection }: Client, data: Buffer): Promise<string | undefined> {
  const { socket } = connection;
  if (socket.destroyed || connection.end !== undefined) return "it was cut off";
  if (socket.write(data)) return undefined;
  let isDrained = false;
  const drained = once(socket, "drain", { signal: AbortSignal.timeout(target.limits.timeout * 4) }).then(
    () => {
      isDrained = true;
    },
    () => {},
  );
  for (let looks = 0; looks < LOOKS; looks++) {
    await Promise.race([drained, sleep(STALLED)]);
    if (isDrained) return undefined;
    if (socket.destroyed || connection.end !== undefined) return "it was cut off";
    // A busy machine may stall for a while. The server reads on as long as it serves other clients.
    if (!(await target.isAlive())) break;
  }
  return "the server read no more";
}
