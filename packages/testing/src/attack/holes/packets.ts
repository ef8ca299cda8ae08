import { sleep } from "../bell.js";
import { headersOf } from "../client.js";
import { holds, isOpen } from "../findings.js";
import { frameOf, OPCODE, textFrame } from "../frames.js";
import type { Hole } from "../hole.js";
import { dial, upgradeOf } from "../raw-connection.js";
import type { Target } from "../target.js";

const DEPTH = 5_000;

/** Invalid WebSocket frames. */
const FRAMES: Readonly<Record<string, Buffer>> = {
  "a reserved opcode": frameOf(3, "x"),
  "a reserved control opcode": frameOf(11, ""),
  "reserved bits": frameOf(OPCODE.text, "x", { reserved: 7 }),
  "a frame without a mask": frameOf(OPCODE.text, "x", { isMasked: false }),
  "a length of 2 ** 63": frameOf(OPCODE.text, "", { claims: 1n << 63n }),
  "a length that is not the shortest": Buffer.from([0x81, 0xfe, 0, 1, 0, 0, 0, 0, 0x78]),
  "a ping that is too long": frameOf(OPCODE.ping, "x".repeat(126)),
  "a ping in fragments": frameOf(OPCODE.ping, "x", { isFinal: false }),
  "a continuation of nothing": frameOf(OPCODE.continuation, "x"),
  "a text within a text": Buffer.concat([frameOf(OPCODE.text, "x", { isFinal: false }), textFrame("y")]),
  "a text that is no UTF-8": frameOf(OPCODE.text, Buffer.from([0xff, 0xfe, 0xc0])),
  "a close code that is none": frameOf(OPCODE.close, Buffer.from([0, 1])),
  "a close of one byte": frameOf(OPCODE.close, Buffer.from([3])),
  "a close reason that is no UTF-8": frameOf(OPCODE.close, Buffer.from([3, 0xe8, 0xff])),
};

/** Texts that are not a message in any protocol. */
const TEXTS = [
  "",
  "{",
  "null",
  "[]",
  "5",
  '"',
  '{"__proto__":null}',
  "[".repeat(DEPTH),
  '{"a":'.repeat(DEPTH),
  "\u0000",
];

/** Invalid packets of engine.io and socket.io. */
const PACKETS = [
  "9",
  "4",
  "4z",
  "49",
  "42",
  "42[",
  "42[]",
  "42null",
  "42{}",
  "42[null]",
  "42[{}]",
  "421[",
  "43",
  "43[]",
  "4399999[1]",
  "40/__proto__,",
  '40,{"sid":null}',
  "40{",
  "41",
  "44",
  "45",
  '45-["x"]',
  '451-["x"]',
  '459999999-["x"]',
  '451-["x",{"_placeholder":true,"num":9}]',
  '451-["x",{"_placeholder":true,"num":"constructor"}]',
  "42/nowhere,[1]",
  '42["error",null]',
  `42${"[".repeat(DEPTH)}`,
  "1",
  "2probe",
  "5",
  "6",
];

/** tRPC CVE-2025-43855, socket.io CVE-2024-38355. */
export const badPackets: Hole = {
  name: "bad-packets",
  title: "one bad packet ends the process",
  async play(target) {
    const bystander = await target.enterSurely(target.denied);
    const cases = casesOf(target);
    for (const [what, send] of cases) {
      await send();
      const isAnswered = (await target.ask(bystander, target.open)) !== undefined;
      if (!isAnswered) return isOpen(`after ${what} another client is not answered any more`);
    }
    if (!(await target.isAlive())) return isOpen("nobody gets in any more");
    return holds(`others are answered after each of ${cases.length}`);
  },
};

function casesOf(target: Target): [what: string, send: () => Promise<void>][] {
  const texts = target.wire.transport === "ws" ? TEXTS : [...TEXTS, ...PACKETS];
  return [
    ...Object.entries(requestsOf(target)).map(([what, head]): [string, () => Promise<void>] => [
      what,
      () => sendHead(target, head),
    ]),
    ...Object.entries(FRAMES).map(([what, frame]): [string, () => Promise<void>] => [
      what,
      () => inject(target, frame),
    ]),
    ...texts.map((text): [string, () => Promise<void>] => [
      JSON.stringify(text.slice(0, 40)),
      () => inject(target, textFrame(text)),
    ]),
    ...["open", "guarded"].map((name): [string, () => Promise<void>] => {
      const { action } = target.options.actions[name as "open" | "guarded"];
      const text = target.wire.message(target.entrance, 903, action, null as never);
      return [`"${action}" with null`, () => inject(target, textFrame(text), true)];
    }),
    ["bytes that nobody expects", () => inject(target, frameOf(OPCODE.binary, Buffer.from([4, 0, 255])))],
  ];
}

/** Sends a frame as a new client, and waits briefly for a failure of the server. */
async function inject(target: Target, frame: Buffer, isIn = false): Promise<void> {
  const client = await (isIn ? target.enter(target.denied) : target.decide(target.denied));
  client.connection.write(frame);
  await client.bell.until(() => client.isEnded, target.limits.settle / 10);
  client.connection.socket.destroy();
}

/** Requests that are not valid handshakes. */
function requestsOf({ url, wire, entrance, origin, denied }: Target): Readonly<Record<string, string>> {
  const good = upgradeOf(wire.address(url, entrance), headersOf(denied, { origin }));
  return {
    "a key that is none": good.replace(/(Sec-WebSocket-Key: ).*/, "$1!"),
    "a version that is none": good.replace("Version: 13", "Version: x"),
    "an upgrade to nothing": good.replace("Upgrade: websocket", "Upgrade: constructor"),
    "an extension that is none": good.replace(
      "\r\n\r\n",
      "\r\nSec-WebSocket-Extensions: constructor; __proto__=1, ;\r\n\r\n",
    ),
    "subprotocols that are none": good.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: ,,\r\n\r\n"),
    "a path that cannot be decoded": good.replace(/^GET \S+/, "GET /%ff%?%=%&__proto__[x]=1"),
    "cookies that are none": good.replace("\r\n\r\n", "\r\nCookie: =; %; a=%ff; __proto__=1\r\n\r\n"),
    "a request of nothing": "\r\n\r\n",
  };
}

async function sendHead({ url, options, limits }: Target, head: string): Promise<void> {
  const socket = dial({ url, tls: options.tls });
  socket.on("error", () => {}).resume();
  socket.write(head);
  await sleep(limits.settle / 10);
  socket.destroy();
}
