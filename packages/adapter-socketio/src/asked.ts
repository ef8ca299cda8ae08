import { Flood, type Limits } from "@portcullis/core/adapter";

/**
 * The namespaces one connection has asked for. To ask for one again makes the server authenticate again, so it counts as an
 * undecodable message does. No more names are kept than `limits.namespaces`, nor more of them than `limits.pendingBytes`: what is beyond counts too.
 */
export class Asked {
  readonly #names = new Set<string>();
  readonly #flood = new Flood();
  #characters = 0;

  /** Notes a name. Returns whether the client asks too often. */
  note(name: string, limits: Required<Limits>): boolean {
    const characters = this.#characters + name.length;
    const isFull = this.#names.size >= limits.namespaces || characters > limits.pendingBytes;
    if (this.#names.has(name) || isFull) return this.#flood.add(limits);
    this.#names.add(name);
    this.#characters = characters;
    return false;
  }
}
