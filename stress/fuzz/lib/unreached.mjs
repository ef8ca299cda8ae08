// @ts-check
// Why branches of the files that read what clients send are not run by any input: each has a test of its own in its
// package.

const DEVELOPER = "only what a developer has given can lead there, not a client";
const REPLIES = "answers of handlers that are served, not of a guard";
const HEADERS = "headers that a rule adds to the answer of a handshake";
const APPLICATION = "a check of the application that throws, answers later, or answers twice";
const NEVER_ASKED = "what these rules do not read of a connection";
const LATER = "a client that stays for seconds in no namespace";
const CAPS = "caps that these servers have set so high that nobody reaches them";
const TOGETHER = "one client in several namespaces at the same moment, or one that is gone when it is decided";
const OUTSIDE = "a server that is changed, closed or resumed while it is in use";

/**
 * Source file, function, and beginning of the code, each of which may be left out; and the reason.
 *
 * @type {readonly { at?: RegExp, in?: RegExp, code?: RegExp, why: string }[]}
 */
const REASONS = [
  { code: /new PermissionMisuse\(/, why: DEVELOPER },
  { at: /codecs\/|connection/, in: /^reply$/, why: REPLIES },
  { at: /answer-headers|poll-headers/, why: HEADERS },
  { at: /refuse\.ts$/, in: /^refuseWithStatus$/, why: HEADERS },
  { at: /problem\.ts$/, code: /Refused/, why: "a status that HTTP has no words for" },
  { at: /problem\.ts$/, why: "headers that a rule gives to its refusal" },
  { at: /upgrade\.ts$/, in: /^(once|fail|#askApplication|#fail)$/, why: APPLICATION },
  { at: /upgrade\.ts$/, in: /^#open$/, why: "the application has replaced the class of the sockets" },
  { at: /upgrade\.ts$/, in: /^(#admit|#conclude|leave|#hasLeft)$/, why: "a client that leaves within one turn" },
  {
    at: /message\.ts$|codec\.ts$|json-rpc\.ts$/,
    in: /^(Message|assertSync|codeOf|toBuffer)$/,
    why: "a codec of the application that throws, or another type of bytes than the application wants",
  },
  { at: /dcrf\.ts$/, in: /^denied$/, why: "a codec without `codes`, or a refusal that says when to come again" },
  { at: /event\.ts$/, in: /^readEvent$/, why: "an application that makes payloads by itself" },
  { at: /line\.ts$/, in: /^(linger|#time|#stop|settle)$/, why: LATER },
  { at: /line\.ts$/, in: /^(hold|release)$/, why: TOGETHER },
  { at: /line\.ts$/, in: /^begin$/, code: /^return true/, why: TOGETHER },
  { at: /line\.ts$/, code: /\?\? 0/, why: "an empty message before the client is in a namespace" },
  { at: /line\.ts$/, why: CAPS },
  { at: /hooks\.ts$/, why: OUTSIDE },
  {
    at: /origin\.ts$/,
    in: /^(isFitWithout|isSameOrigin)$/,
    why: "encrypted connections, and a list of origins without null",
  },
  { at: /(methods|derive|url)\.ts$/, why: "a rule asked at connect, without a handshake, or with other options" },
  {
    at: /(ask-policy|decide-request|to-http-options|to-express|to-koa|http-scope)\.ts$/,
    why: "other options, a deadline that passes, or a client that leaves before its answer",
  },
  { at: /adapter-socketio\/src\/refuse\.ts$/, why: "a refusal without a reason" },
  { at: /scope\.ts$/, why: NEVER_ASKED },
];

/** @param {{ source: string, function: string, code: string }} missed @returns {string | undefined} */
export function reasonFor({ source, function: name, code }) {
  return REASONS.find(
    (one) => (one.at?.test(source) ?? true) && (one.in?.test(name) ?? true) && (one.code?.test(code) ?? true),
  )?.why;
}
