import { sleep } from "../bell.js";
import { cannot, holds, isOpen } from "../findings.js";
import { textFrame } from "../frames.js";
import type { Hole } from "../hole.js";
import type { Target } from "../target.js";

const HOW_MANY = 8;

/** socket.io #5112, nest #2115, aspnetcore #34977. */
export const unansweredDenials: Hole = {
  name: "unanswered-denials",
  title: "a denied message is not refused exactly once",
  async play(target) {
    const client = await target.enterSurely(target.denied);
    const ids = client.send(...Array.from({ length: HOW_MANY }, () => target.guarded));
    const allowed = await target.ask(client, target.open);
    const countOf = (id: number) => client.answers.filter((answer) => answer.id === id).length;
    await client.bell.until(() => ids.every((id) => countOf(id) > 0) || client.isEnded, target.limits.timeout);
    await sleep(target.limits.settle);
    const counts = ids.map(countOf);
    const isOnce = counts.every((count) => count === 1);
    if (!isOnce) return isOpen(`${HOW_MANY} denied messages were answered ${counts.join(", ")} times`);
    const refused = client.answers.filter(({ id, isRefusal }) => isRefusal && ids.includes(id)).length;
    if (refused < HOW_MANY) return isOpen(`${HOW_MANY - refused} of ${HOW_MANY} were answered as if they were allowed`);
    if (allowed === undefined) return isOpen("an allowed message behind them was not answered");
    return holds(`${HOW_MANY} denied messages were refused once each`);
  },
};

/** Text that reveals internals of a server. */
const INSIDE = /\bat [^\n"]+:\d+:\d+|node_modules|\.[mc]?[jt]s:\d+|"(?:stack|cause)":/;

/** Nest's `includeCause`. */
export const leakingDenials: Hole = {
  name: "leaking-denials",
  title: "a refusal tells what was sent, or of the inside of the server",
  async play(target) {
    const refusals = await refusalsOf(target);
    if (refusals.length === 0) return cannot("no refusal was heard");
    for (const { text, secret } of refusals) {
      if (text.includes(secret)) return isOpen(`it repeats what was sent: ${shorten(text)}`);
      const found = INSIDE.exec(text);
      if (found) return isOpen(`it says ${JSON.stringify(found[0].slice(0, 60))}`);
    }
    return holds(`${refusals.length} refusals say neither`);
  },
};

/** Provokes every kind of refusal, each with a secret that must not be in it. */
async function refusalsOf(target: Target): Promise<{ text: string; secret: string }[]> {
  const client = await target.enterSurely(target.denied);
  const { wire, entrance } = target;
  const messages = [target.guarded, { ...target.guarded, action: "no-such-action" }];
  const ids = client.send(...messages);
  await target.fence(client);
  const refusals = messages.flatMap(({ marker: secret }, at) =>
    client.answers.filter(({ id, isRefusal }) => id === ids[at] && isRefusal).map(({ text }) => ({ text, secret })),
  );
  const before = client.texts.length;
  const secret = target.mark();
  const broken = wire.message(entrance, 901, secret, {}).replace(/.$/, "");
  client.connection.write(
    textFrame(wire.transport === "ws" ? broken : wire.message(entrance, 901, "error", { secret })),
  );
  await sleep(target.limits.settle);
  for (const text of client.texts.slice(before)) refusals.push({ text, secret });
  const marker = target.mark();
  const outside = await target.decide(target.allowed, {
    origin: "https://attacker.example",
    headers: { "X-Marker": marker },
  });
  const { refusal } = outside.connection;
  const texts =
    refusal === "" ? outside.texts.filter((text) => wire.read(text, entrance)?.kind === "refused") : [refusal];
  return [...refusals, ...texts.map((text) => ({ text, secret: marker }))];
}

const shorten = (text: string) => (text.length > 160 ? `${text.slice(0, 160)}...` : text);
