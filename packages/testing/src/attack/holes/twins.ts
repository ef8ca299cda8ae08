import type { Client, MarkedMessage } from "../client.js";
import { holds, isOpen } from "../findings.js";
import { fragmentsOf, frameOf, OPCODE, textFrame } from "../frames.js";
import type { Hole } from "../hole.js";
import type { Target } from "../target.js";

/** Sends a denied message in another form than plain text, and returns its id. */
type Twin = (client: Client, message: MarkedMessage) => number;

const OF_WS: Readonly<Record<string, Twin>> = {
  "a binary frame": (client, message) => {
    const { id, text } = client.textOf(message);
    client.connection.write(frameOf(OPCODE.binary, text));
    return id;
  },
  fragments: (client, message) => {
    const { id, text } = client.textOf(message);
    client.connection.write(fragmentsOf(text));
    return id;
  },
};

const OF_SOCKETIO: Readonly<Record<string, Twin>> = {
  "a binary event": (client, message) => {
    const attachment = { _placeholder: true, num: 0 };
    const { id, text } = client.textOf({ ...message, payload: { ...message.payload, attachment } });
    client.connection.write(textFrame(text.replace(/^42/, "451-")), frameOf(OPCODE.binary, "bytes"));
    return id;
  },
  "an event whose argument is bytes": (client, message) => {
    const { id, text } = client.textOf(message);
    const [head] = text.split("[", 1) as [string];
    const event = JSON.stringify([message.action, { _placeholder: true, num: 0 }, message.payload]);
    client.connection.write(textFrame(head.replace(/^42/, "451-") + event), frameOf(OPCODE.binary, message.marker));
    return id;
  },
};

/** The same JSON can be sent as text and as bytes. A gate that checks only one form is open to the other. */
export const binaryTwins: Hole = {
  name: "binary-twins",
  title: "what is denied as text is handled in another form",
  async play(target) {
    const twins = Object.entries(target.wire.transport === "ws" ? OF_WS : OF_SOCKETIO);
    for (const [form, twin] of twins) {
      if (await isHandled(target, twin)) return isOpen(`a denied message was handled as ${form}`);
    }
    return holds(`not handled as ${twins.map(([form]) => form).join(", ")}`);
  },
};

async function isHandled(target: Target, twin: Twin): Promise<boolean> {
  const client = await target.enterSurely(target.denied);
  const message = target.guarded;
  const id = twin(client, message);
  if (!client.isEnded) await target.fence(client);
  return target.hasRun(client, id, message);
}
