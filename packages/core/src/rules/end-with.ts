import { type Abortable, RuleContext } from "./rule-context.js";

/** A question, or other facts, with the signal that aborts them. */
export interface SignalSource {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Aborts an operation of a rule together with its question. Node takes several microseconds to make a signal, so none is
 * made for the context of a rule.
 *
 * @param one Ended at once if the question is aborted already. Its `abort` runs in any async context.
 * @returns Removes the operation, which has ended by itself.
 */
export function endWith(question: SignalSource, one: Abortable): () => void {
  if (question instanceof RuleContext && !question.dependent) {
    if (question.dependent === null) one.abort(undefined);
    else question.dependent = one;
    return () => {
      if (question.dependent === one) question.dependent = undefined;
    };
  }
  const { signal } = question;
  const abort = () => one.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  return () => signal?.removeEventListener("abort", abort);
}

/** True when a question is aborted. Makes no signal for the context of a rule. */
export function isAborted(question: SignalSource): boolean {
  return question instanceof RuleContext ? question.dependent === null : question.signal?.aborted === true;
}
