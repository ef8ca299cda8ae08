import { cannot, holds, isOpen } from "../findings.js";
import { textFrame } from "../frames.js";
import type { Hole } from "../hole.js";
import { poll } from "../polling.js";
import type { Target } from "../target.js";
import { packetStart } from "../wires/socketio.js";

/** airlinklabs/panel #74: the root was guarded, `/admin` was not. */
export const otherEntrances: Hole = {
  name: "other-entrances",
  title: "another path, namespace or transport is not guarded",
  async play(target) {
    const { entrances = [], accounts } = target.options;
    const { transport } = target.wire;
    const all = [target.entrance, ...entrances];
    if (all.length === 1 && !accounts.refused && transport === "ws") return cannot("`entrances` names no other");
    for (const entrance of all) {
      const where = await throughRefused(target, entrance);
      if (where) return isOpen(`${where} lets in whom the server refuses`);
    }
    for (const entrance of entrances) {
      const handled = await throughDenied(target, entrance);
      if (handled) return isOpen(`a denied message was handled ${handled}`);
    }
    if (transport === "ws") return holds(`tried ${all.join(", ")}`);
    const polled = await poll(target, target.denied, target.guarded);
    if (polled === "handled") return isOpen("a denied message was handled over polling");
    return holds(`tried ${all.join(", ")}, and polling: ${polled}`);
  },
};

async function throughRefused(target: Target, entrance: string): Promise<string | undefined> {
  const { refused } = target.options.accounts;
  if (refused === undefined) return undefined;
  const client = await target.decide(refused, { entrance });
  if (!client.isLetIn) return undefined;
  // Some servers accept a client, then close. A client is in when it stays and is answered.
  const answer = await target.ask(client, target.open);
  return client.isEnded || answer?.isRefusal ? undefined : entrance;
}

async function throughDenied(target: Target, entrance: string): Promise<string | undefined> {
  const client = await target.decide(target.denied, { entrance });
  if (client.isLetIn && (await handles(target, client, entrance))) return `at ${entrance}`;
  if (target.wire.transport === "ws") return undefined;
  // Tries again on a connection that is already in a namespace.
  const inside = await target.enterSurely(target.denied);
  inside.connection.write(textFrame(packetStart("0", entrance) + JSON.stringify(target.denied.auth ?? {})));
  await inside.bell.until(() => inside.texts.some((text) => text.includes(entrance)), target.limits.settle);
  return (await handles(target, inside, entrance)) ? `at ${entrance}, from inside of ${target.entrance}` : undefined;
}

async function handles(target: Target, client: Awaited<ReturnType<Target["decide"]>>, entrance: string) {
  const message = target.guarded;
  const id = 900;
  const before = client.texts.length;
  client.connection.write(textFrame(target.wire.message(entrance, id, message.action, message.payload)));
  const answerOf = () =>
    client.texts
      .slice(before)
      .map((text) => target.wire.read(text, entrance))
      .find((heard) => heard?.kind === "answer");
  await client.bell.until(() => answerOf() !== undefined || client.isEnded, target.limits.settle * 4);
  const answer = answerOf();
  if (answer?.kind === "answer" && !answer.isRefusal) return true;
  return (await target.options.handled?.(message.marker)) ?? false;
}
