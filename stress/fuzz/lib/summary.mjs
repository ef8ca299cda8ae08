// @ts-check

/**
 * The required number of inputs of each family, and the number of its parts.
 *
 * @type {Record<string, { goal: number, parts: number }>}
 */
export const GOALS = {
  handshakes: { goal: 100_000, parts: 6 },
  frames: { goal: 120_000, parts: 2 },
  payloads: { goal: 120_000, parts: 2 },
  packets: { goal: 102_000, parts: 3 },
  questions: { goal: 102_000, parts: 3 },
  requests: { goal: 102_000, parts: 3 },
  codecs: { goal: 8_800_000, parts: 12 },
  events: { goal: 650_000, parts: 3 },
};

/** Descriptions of the families. @type {Record<string, string>} */
const WORDS = {
  handshakes: "handshakes, byte by byte over TCP",
  frames: "frames of WebSocket, byte by byte over TCP",
  payloads: "messages in the envelopes of four codecs, over TCP",
  packets: "packets of engine.io and socket.io, over polling and WebSocket, with two parsers",
  questions: "messages judged by middlewares of Express and Koa, over TCP",
  requests: "requests of HTTP to routes behind a policy, byte by byte over TCP",
  codecs: "messages in the envelopes of four codecs, through the parsers of HTTP and WebSocket without a network",
  events: "events of socket.io, through the parsers of HTTP, WebSocket and socket.io without a network",
};

/** By how much a heap may seem to grow though nothing stays, in bytes. */
export const HEAP_SLACK = 3_000_000;

/** Outcomes that are not refusals. */
const SERVED = new Set(["allow", "200", "101", "101, closed", "no answer", "closed"]);

/**
 * Adds up the runs of one family.
 *
 * @param {import("./drive.mjs").Family} family
 * @param {readonly Awaited<ReturnType<typeof import("./drive.mjs").drive>>[]} parts
 */
export function summarise({ name }, parts) {
  /** @type {Record<string, number>} */
  const outcomes = {};
  for (const part of parts) {
    for (const [code, times] of Object.entries(part.outcomes)) outcomes[code] = (outcomes[code] ?? 0) + times;
  }
  const sum = (/** @type {"inputs" | "calls" | "unauthorised"} */ key) =>
    parts.reduce((all, part) => all + part[key], 0);
  const finding = parts.find((part) => part.finding)?.finding;
  const refused = Object.entries(outcomes).filter(([code]) => !SERVED.has(code));
  const refusals = refused.reduce((all, [, times]) => all + times, 0);
  return {
    what: WORDS[name],
    inputs: sum("inputs"),
    calls: sum("calls"),
    unauthorised: sum("unauthorised"),
    refusals,
    crashes: finding ? 1 : 0,
    outcomes,
    heap: heapOf(parts),
    finding,
  };
}

/**
 * Before: halfway, once all is compiled; after: at the end, when nobody is connected. Of the process whose heap has grown
 * most.
 *
 * @param {readonly { heaps: readonly number[] }[]} parts
 */
function heapOf(parts) {
  const all = parts.flatMap(({ heaps }) => {
    const [before, after] = [heaps[Math.floor(heaps.length / 2)], heaps.at(-1)];
    return before === undefined || after === undefined ? [] : [{ before, after, all: heaps }];
  });
  return all.sort((one, other) => other.after - other.before - (one.after - one.before))[0];
}
