import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { definePolicy, permission } from "@portcullis/core";
import { Gate, type HandshakeInfo, HandshakeScope, publicRefusal } from "@portcullis/core/adapter";
import { judgeOrigin, takeAnswerHeaders } from "@portcullis/core/internal";
import { derive } from "../../packages/adapter-express-bridge/src/exchange/derive-request.js";
import type { HttpContext } from "../../packages/adapter-express-bridge/src/exchange/http-context.js";
import { messageIn, secondsOf } from "../../packages/adapter-express-bridge/src/exchange/read-response.js";
import { Recording } from "../../packages/adapter-express-bridge/src/exchange/response-recorder.js";
import { type HttpRuleOptions, readSettings } from "../../packages/adapter-express-bridge/src/from-http/options.js";
import { payloadOf } from "../../packages/adapter-express-bridge/src/to-http/request-payload.js";
import { sizeOf } from "../../packages/adapter-socketio/src/engine/approximate-size.js";
import { readEvent } from "../../packages/adapter-socketio/src/namespace/event.js";
import {
  type Codec,
  type Decoded,
  dcrf,
  type FrameContext,
  json,
  jsonRpc,
} from "../../packages/adapter-ws/src/index.js";
import { textOf, toBuffer } from "../../packages/adapter-ws/src/message.js";
import { describeIssues, issuesOf } from "../../packages/core/src/decision/decision-parts.js";
import { decodeFrame, type FrameRequest } from "../../packages/core/src/frames/decode-frame.js";
import { isOwnOrigin } from "../../packages/core/src/guard/handshake/origin.js";
import { scopeOf, Wire } from "../../packages/core/test/connection.js";
import { type Reader, reader } from "./growth.js";

const REQUEST = new IncomingMessage(new Socket());

/** The number of parts that most readers begin with. */
const FROM = 500;
/** More keys than an object of V8 has before it becomes a hash table. */
const FROM_KEYS = 1200;
/** Records of many names begin beyond that step, which is no growth of the reader. */
const fromOf = (name: string) => (/\bnames\b|\bheaders\b/.test(name) ? FROM_KEYS : FROM);

const times = <T>(parts: number, part: (index: number) => T): T[] => Array.from({ length: parts }, (_, at) => part(at));
const record = <T>(parts: number, name: (index: number) => string, value: (index: number) => T) =>
  Object.fromEntries(times(parts, (index) => [name(index), value(index)]));
const nested = (parts: number): string => "[".repeat(parts) + "]".repeat(parts);

function scope(url: string, headers: HandshakeInfo["headers"] = {}): HandshakeScope {
  const knock = {
    transport: "ws",
    path: "/",
    url,
    headers,
    remoteAddress: "",
    secure: false,
    connectedAt: 0,
    request: {},
  };
  return new HandshakeScope(knock, { user: null });
}

const query = (name: string, part: (index: number) => string): Reader =>
  reader({
    name: `query: ${name}`,
    from: fromOf(name),
    make: (parts) => `/?${times(parts, part).join("&")}`,
    read: (url) => scope(url).query,
  });

const header = (name: string, key: string, make: (parts: number) => string, read: (scope: HandshakeScope) => unknown) =>
  reader({
    name: `${key}: ${name}`,
    from: fromOf(name),
    make: (parts) => ({ [key]: make(parts) }),
    read: (headers) => read(scope("/", headers)),
  });

const cookies = (name: string, part: (index: number) => string, glue = ";") =>
  header(
    name,
    "cookie",
    (parts) => times(parts, part).join(glue),
    ({ cookies }) => cookies,
  );

const handshakes: Reader[] = [
  query("one name", () => "a"),
  query("one name with values", (index) => `a=${index}`),
  query("many names", (index) => `a${index}=1`),
  query("names that are numbers", (index) => `${index}=1`),
  query("names that are numbers, downwards", (index) => `${4_000_000_000 - index}=1`),
  query("nothing between", () => ""),
  query("escapes", () => "%20%zz=%e2%82"),
  reader({
    name: "headers",
    from: FROM_KEYS,
    make: (parts) => record(parts, (index) => `x-${index}`, String),
    read: (headers) => scope("/", headers).headers,
  }),
  cookies("one name", () => "a=1"),
  cookies("many names", (index) => `a${index}=1`),
  cookies("names that are numbers", (index) => `${index}=1`),
  cookies("nothing between", () => ""),
  cookies("no name", () => "=a"),
  cookies("white space", () => " ", " "),
  cookies("quotes and escapes", (index) => `a${index}="%41%zz"`),
  header(
    "many",
    "sec-websocket-protocol",
    (parts) => times(parts, String).join(","),
    ({ subprotocols }) => subprotocols,
  ),
  header(
    "white space",
    "sec-websocket-protocol",
    (parts) => " ".repeat(parts * 8),
    ({ subprotocols }) => subprotocols,
  ),
  ...["https://", "https://a:443", "x", "https://a/"].map((begin) =>
    header(
      `${begin}...`,
      "origin",
      (parts) => begin + begin.slice(-4).repeat(parts * 8),
      (given) => judgeOrigin(isOwnOrigin, given),
    ),
  ),
  reader({
    name: "host",
    from: FROM,
    make: (parts) => ({ origin: "https://a", host: "a:443".repeat(parts) }),
    read: (headers) => judgeOrigin(isOwnOrigin, scope("/", headers)),
  }),
  reader({
    name: "headers of an answer",
    from: 8,
    make: (parts) => times(parts, (index) => ["set-cookie", `a=${index}`]),
    read: (pairs) => takeAnswerHeaders({ [Symbol.for("@portcullis/core/answerHeaders")]: pairs }),
  }),
];

const REFUSAL = publicRefusal({ code: "no", status: 403, retry: "never" } as never);

const CONTEXT = {} as FrameContext;

/** How a codec is spoken: the frame of fields and of an id; of a codec that shares its code, how many of `FIELDS`. */
const CODECS: [string, Codec, (fields: string, id: string) => string, number?][] = [
  ["dcrf", dcrf() as never, (fields, id) => `{"action":"a","request_id":${id}${fields}}`],
  [
    "dcrf multiplex",
    dcrf({ multiplex: true }) as never,
    (fields, id) => `{"stream":"s","payload":{"action":"a","request_id":${id}${fields}}}`,
    2,
  ],
  ["json", json() as never, (fields, id) => `{"type":"a","id":${id}${fields}}`, 4],
  [
    "jsonRpc",
    jsonRpc() as never,
    (fields, id) => `{"jsonrpc":"2.0","method":"a","id":${id},"params":{"p":1${fields}}}`,
  ],
];

const FIELDS: [string, (parts: number) => string, ((parts: number) => string)?][] = [
  ["many names", (parts) => times(parts, (index) => `,"a${index}":1`).join("")],
  ["one name", (parts) => ',"a":1'.repeat(parts)],
  ["names that are numbers, with gaps", (parts) => times(8 * parts, (index) => `,"${index * 7}":1`).join("")],
  ["names `__proto__`", (parts) => ',"__proto__":{}'.repeat(parts)],
  ["depth", (parts) => `,"a":${nested(parts)}`],
  ["a wide id", () => "", (parts) => `[${times(parts, String).join(",")}]`],
  ["an id of many names", () => "", (parts) => `{${times(parts, (index) => `"${index}":[[]]`).join(",")}}`],
  ["a deep id", () => "", nested],
  ["a long id", () => "", (parts) => `"${"\\u0041".repeat(parts)}"`],
];

const frames: Reader[] = CODECS.flatMap(([codecName, codec, frame, count]) =>
  FIELDS.slice(0, count).map(([name, fields, id = () => "1"]) =>
    reader({
      name: `${codecName}: ${name}`,
      from: fromOf(name),
      make: (parts) => Buffer.from(frame(fields(parts), id(parts))),
      // An answer repeats the id.
      read: (data) => codec.denied(codec.decode(String(data), CONTEXT) as Decoded, REFUSAL),
    }),
  ),
);

/** Batches, of which a guard reads so many requests. */
const batches: Reader[] = ["1", '{"jsonrpc":"2.0","method":"a","id":1}'].map((member) =>
  reader({
    name: `jsonRpc: a batch of ${member}`,
    from: FROM,
    make: (parts) => `[${times(parts, () => member)}]`,
    read(frame) {
      const read = decodeFrame(jsonRpc(), frame, {
        ...CONTEXT,
        mostRequests: Number.POSITIVE_INFINITY,
      }) as FrameRequest[];
      return read.map(({ request }) => jsonRpc().denied(request, REFUSAL));
    },
  }),
);
const events = (name: string, make: (parts: number) => unknown[]): Reader[] => [
  reader({
    name: `event: ${name}`,
    from: fromOf(name),
    make,
    read: (data) => readEvent({ type: 2, nsp: "/", data } as never, { action: undefined, payload: undefined }),
  }),
  reader({ name: `size: ${name}`, from: fromOf(name), make, read: sizeOf }),
];

const messages: Reader[] = [
  ...frames,
  ...batches,
  reader({
    name: "a frame in parts",
    from: FROM,
    make: (parts) => times(parts, () => Buffer.from(" ")),
    read: (data) => textOf(toBuffer(data)),
  }),
  ...events("many arguments", (parts) => ["a", ...times(parts, String)]),
  ...events("many names", (parts) => ["a", record(parts, (index) => `a${index}`, String)]),
  ...events("depth", (parts) => ["a", JSON.parse(nested(parts))]),
  ...events("a long name", (parts) => ["a".repeat(parts * 50)]),
  reader({
    name: "issues of a schema",
    from: FROM,
    make: (parts) => times(parts, (index) => ({ message: "no", path: ["list", { key: index }] })),
    read: (issues) => describeIssues(issuesOf(issues) ?? []),
  }),
  reader({
    name: "the path of an issue",
    from: FROM,
    make: (parts) => [{ message: "no", path: times(parts, String) }],
    read: (issues) => describeIssues(issuesOf(issues) ?? []),
  }),
  reader({ name: "a queue of messages", from: FROM, make: queued, read: (run) => run() }),
];

/** Messages that come while one is on its way to its listener. */
function queued(parts: number): () => void {
  const policy = definePolicy({ permissions: permission("yes", () => true) });
  const limits = { pendingMessages: parts + 1 };
  const message = { action: "a", payload: {}, bytes: 1 };
  return () => {
    let whenFlushed: (() => void) | undefined;
    const nothing = () => {};
    const flush = (next: () => void) => {
      whenFlushed = next;
    };
    const link = {
      deliver: nothing,
      sendRefusal: nothing,
      reply: nothing,
      pause: nothing,
      resume: nothing,
      close: nothing,
      flush,
    };
    const gate = new Gate<string>("guard()", policy, { limits });
    const session = gate.admit(Object.assign(new Wire(), link)).open();
    for (let sent = 0; sent < parts; sent++) session.receive(message);
    while (whenFlushed) {
      const flushed = whenFlushed;
      whenFlushed = undefined;
      flushed();
    }
    session.close();
  };
}

function derived(
  name: string,
  options: HttpRuleOptions<never>,
  make: (parts: number) => object,
  headers = false,
): Reader {
  const settings = readSettings("growth", { maxBody: 1e9, ...options });
  return reader({
    name: `derived: ${name}`,
    from: fromOf(name),
    make: (parts) => {
      const payload = headers ? {} : make(parts);
      const request = { headers: headers ? make(parts) : {}, url: "/" };
      return { phase: "action", action: "a", payload, scope: scopeOf({ request }) } as unknown as HttpContext<never>;
    },
    read: (context) => derive("growth", settings, context),
  });
}

const fromPayload = { query: (context: HttpContext<never>) => context.payload } as HttpRuleOptions<never>;

const requests: Reader[] = [
  derived("many names", fromPayload, (parts) => record(parts, (index) => `a${index}`, String)),
  derived("a list in the query", fromPayload, (parts) => ({ a: times(parts, String) })),
  derived("depth", {}, (parts) => ({ a: JSON.parse(nested(parts / 4)) })),
  derived("a part of the url", { url: "/:a/:a" }, (parts) => ({ a: "é/".repeat(parts) })),
  derived("many headers", {}, (parts) => record(parts, (index) => `x-${index}`, String), true),
  derived(
    "long names of headers",
    {},
    (parts) => ({ [`content${"-".repeat(parts * 20)}\n`]: "a", [`x-http-method${"-override".repeat(parts)}`]: "a" }),
    true,
  ),
  derived(
    "headers that are made of it",
    { headers: (({ request }: { request: { headers: object } }) => request.headers) as never },
    (parts) => record(parts, (index) => `x-${index}`, String),
    true,
  ),
  reader({
    name: "a url that is made of it",
    from: FROM,
    make: (parts) => `/${"a/?".repeat(parts)} `,
    read(url) {
      const { urlOf } = readSettings("growth", { url: () => url });
      try {
        urlOf?.({} as never, {});
      } catch {
        // No path ends with a space.
      }
    },
  }),
  reader({
    name: "the fields of a request",
    from: FROM_KEYS,
    make: (parts) => record(parts, (index) => `a${index}`, String),
    read: (fields) => payloadOf({ method: "POST", query: fields, body: fields, params: fields }, REQUEST),
  }),
  reader({
    name: "what a chain writes",
    from: FROM,
    make: (parts) => parts,
    read(parts) {
      const response = new ServerResponse(new IncomingMessage(new Socket()));
      const recording = new Recording();
      recording.attach(response);
      for (let sent = 0; sent < parts; sent++) response.write("a");
      return recording.text;
    },
  }),
  ...["<", " ", "a <!", '{"message":"', "\n<\n"].map((begin) =>
    reader({
      name: `a body of ${JSON.stringify(begin)}`,
      from: FROM,
      make: (parts) => begin.repeat(parts),
      read: (body) => [messageIn(body), messageIn(body, "application/json"), messageIn("a", body)],
    }),
  ),
  reader({ name: "Retry-After", from: FROM, make: (parts) => times(parts, String), read: secondsOf }),
];

/** All that reads what a client sends. */
export const READERS: readonly Reader[] = [...handshakes, ...messages, ...requests];
