/** A connection that revocations address. */
export interface Addressable {
  readonly subjects: readonly string[];
}

/** The connections of one guard by their subjects. A subject with one connection needs no set. */
export class SubjectIndex<T extends Addressable> {
  readonly #bySubject = new Map<string, T | Set<T>>();

  add(one: T): void {
    for (const subject of one.subjects) {
      const there = this.#bySubject.get(subject);
      if (there === undefined) this.#bySubject.set(subject, one);
      else if (there instanceof Set) there.add(one);
      else if (there !== one) this.#bySubject.set(subject, new Set([there, one]));
    }
  }

  remove(one: T): void {
    for (const subject of one.subjects) {
      const there = this.#bySubject.get(subject);
      if (there instanceof Set) {
        there.delete(one);
        if (there.size === 0) this.#bySubject.delete(subject);
      } else if (there === one) this.#bySubject.delete(subject);
    }
  }

  /** The connections of a subject. The list does not change while it is walked. */
  of(subject: string): readonly T[] {
    const there = this.#bySubject.get(subject);
    if (there === undefined) return [];
    return there instanceof Set ? [...there] : [there];
  }
}

/** True for two lists of the same subjects in the same order. */
export function areSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((subject, at) => subject === others[at]);
}
