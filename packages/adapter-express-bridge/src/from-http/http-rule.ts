import {
  type Consumer,
  type Context,
  type Decision,
  type Payload,
  permission,
  type Rule,
  type Scope,
} from "@portcullis/core";
import { addAnswerHeader, isAborted, type SignalSource, UNLISTED } from "@portcullis/core/internal";
import { keepCookies } from "../exchange/cookies.js";
import { derive } from "../exchange/derive-request.js";
import type { Exchange } from "../exchange/exchange.js";
import type { HttpContext } from "../exchange/http-context.js";
import type { Derived } from "../exchange/make-request.js";
import { answerOf, type HttpEvidence } from "../exchange/read-outcome.js";
import { type Runner, runToEnd } from "../runners/runner.js";
import { HandOn } from "./hand-on.js";
import type { RuleSettings } from "./options.js";

/** A phase, and the settings by which its requests are derived. */
interface PhaseSettings {
  readonly phase: "connect" | "action";
  readonly settings: RuleSettings;
}

/** Headers that may be added to the response to a handshake, beside those of a refusal. */
const FOR_ANSWER = /^(set-cookie|(x-)?ratelimit(-.+)?|x-(request|correlation)-id|strict-transport-security)$/;

/** Makes a permission of middlewares that is evaluated at connect and at every action. */
export function ruleOf<S, User = unknown>(
  caller: string,
  name: string,
  settings: RuleSettings,
  runner: Runner,
): Rule<S, unknown, HttpEvidence<User>, true> {
  const handOn = new HandOn(name, settings.handOn);
  const connect: PhaseSettings = { phase: "connect", settings };
  const listed: PhaseSettings = { phase: "action", settings };
  const unlisted: PhaseSettings = { phase: "action", settings: { ...settings, methodOf: settings.unlistedMethodOf } };
  /** Runs the middlewares once. Rejects with an error that is thrown while their data is read. */
  const ask = async (
    { phase, settings }: PhaseSettings,
    question: SignalSource & { scope: Scope; consumer: Consumer },
    action: string,
    payload: Payload,
  ): Promise<Decision> => {
    const { scope, consumer } = question;
    const derived = derive(caller, settings, { phase, scope, consumer, action, payload } as HttpContext<never>);
    const { exchange, ending, found } = await runToEnd(derived, settings, runner, question);
    if (phase === "connect") {
      if (!isAborted(question)) passHeaders(exchange, derived);
      return answerOf(ending, exchange, () => ({ ...found(), body: undefined }));
    }
    let body: unknown;
    const answer = answerOf(ending, exchange, () => {
      const all = found();
      body = all.body;
      return handOn.read(all, derived);
    });
    return handOn.to(payload, answer, body);
  };
  const about = (options: PhaseSettings) =>
    handOn.mark(async (question: Context) => ask(options, question, question.action, question.payload));
  return permission(name, {
    connect: async (question) => ask(connect, question, "connect", question.message),
    action: Object.assign(about(listed), { [UNLISTED]: about(unlisted) }),
  }) as never;
}

/**
 * Adds headers that middlewares have set to the response to the handshake, if the transport can send them. Cookies are
 * kept for the connection in any case.
 */
export function passHeaders({ response }: Exchange, { handshake, scope }: Pick<Derived, "handshake" | "scope">): void {
  for (const name of response.getHeaderNames()) {
    if (!FOR_ANSWER.test(name)) continue;
    const values = [response.getHeader(name)].flat().map(String);
    if (name === "set-cookie") keepCookies(scope, values);
    for (const value of values) addAnswerHeader(handshake, name, value);
  }
}
