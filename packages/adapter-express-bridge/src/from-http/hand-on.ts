import { allow, type Decision, type Payload, PermissionMisuse } from "@portcullis/core";
import { HANDS_ON, type HandedOn, printLine, show } from "@portcullis/core/internal";
import type { Derived } from "../exchange/make-request.js";
import type { HttpEvidence } from "../exchange/read-outcome.js";
import { isSame } from "../exchange/same-fields.js";
import type { RuleSettings } from "./options.js";

/** Compares and forwards the request bodies of one rule. */
export class HandOn {
  #isSaid = false;

  constructor(
    private readonly name: string,
    private readonly handOn: RuleSettings["handOn"],
  ) {}

  /** Marks a check that forwards a payload, so that a caller that cannot take the payload rejects the rule at once. */
  mark<F extends object>(question: F): F {
    return this.handOn === "body" ? Object.assign(question, { [HANDS_ON]: true }) : question;
  }

  /** The data that middlewares have set. It includes the body only if they changed it. */
  read(found: HttpEvidence, { bytes }: Derived): HttpEvidence {
    // The original is parsed again from its bytes, because middlewares change the body in place.
    if (isSame(found.body, JSON.parse(String(bytes)))) return { ...found, body: undefined };
    if (this.handOn === undefined && !this.#isSaid) {
      this.#isSaid = true;
      printLine(
        "warn",
        `portcullis: ${this.name}: the middlewares have changed the body, and the handler gets the payload as it came. What they made of it is \`evidence.body\`: { handOn: "body" } makes it the payload of a handler of serve(), { handOn: false } says that this is meant`,
      );
    }
    return found;
  }

  /** Forwards the body of middlewares that allowed a message. It becomes the payload of the handler. */
  to(payload: Payload, answer: Decision, body: unknown): Decision {
    if (this.handOn !== "body" || answer.outcome !== "allow") return answer;
    if (typeof body !== "object" || body === null || Array.isArray(body)) {
      throw new PermissionMisuse(`${this.name}: \`handOn\` got ${show(body)} as the body: a payload is an object`);
    }
    const handed: HandedOn = { of: payload, payload: body as Payload };
    return allow({ ...answer.evidence, [HANDS_ON]: handed });
  }
}
