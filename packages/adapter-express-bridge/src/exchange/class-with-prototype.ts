/** The prototypes of the requests and responses of an application. */
export interface Prototypes {
  readonly request: object;
  readonly response: object;
}

type Class<I extends unknown[], T extends object> = new (...input: I) => T;

/** Classes by their prototypes. Holds the class of Node itself where an application changes what Node sets. */
const known = new WeakMap<object, unknown>();

/**
 * Makes an object of a class of Node which has the prototype of an application from the beginning. If the prototype is
 * set later, V8 gives each object a hidden class of its own, and every access to the object is slow.
 *
 * @param prototype An application's prototype. It is left to the caller to set it on an object that does not have it.
 */
export function makeWithPrototype<I extends unknown[], T extends object>(
  base: Class<I, T>,
  prototype: object | undefined,
  ...input: I
): T {
  if (prototype === undefined) return new base(...input);
  let derived = known.get(prototype) as Class<I, T> | undefined;
  if (derived === undefined) {
    derived = canHavePrototype(base, prototype, new base(...input)) ? withPrototype(base, prototype) : base;
    known.set(prototype, derived);
  }
  return new derived(...input);
}

function withPrototype<I extends unknown[], T extends object>(base: Class<I, T>, prototype: object): Class<I, T> {
  function WithPrototype(this: T, ...input: I): void {
    (base as unknown as (...input: I) => void).apply(this, input);
  }
  WithPrototype.prototype = prototype;
  // V8 counts the properties for which it reserves space along this chain.
  Object.setPrototypeOf(WithPrototype, base);
  return WithPrototype as unknown as Class<I, T>;
}

/**
 * True when the prototype extends the class, and changes nothing that Node sets or calls before an application gets the
 * object. A class in the syntax of ES6, which Node may use some day, cannot be called.
 */
function canHavePrototype(base: Class<never, object>, prototype: object, sample: object): boolean {
  const { writable } = Object.getOwnPropertyDescriptor(base, "prototype") as PropertyDescriptor;
  if (!(prototype instanceof base) || writable === false) return false;
  for (let own = prototype; own !== base.prototype; own = Object.getPrototypeOf(own)) {
    for (const key of Reflect.ownKeys(own)) if (key !== "constructor" && key in sample) return false;
  }
  return true;
}
