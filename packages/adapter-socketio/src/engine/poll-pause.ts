import { type BareTransport, override } from "../socketio-internals.js";

/**
 * Delays the response to the POST of a client that polls. Its library sends the next POST only after that response, so
 * the client sends no more messages meanwhile.
 */
export class PollPause {
  #isPaused = false;
  #respond: (() => void) | undefined;

  constructor(transport: BareTransport) {
    const { onData } = transport;
    if (onData === undefined) return;
    override(transport, "onData", (data) => {
      onData.call(transport, data);
      if (this.#isPaused) this.#delay(transport);
    });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const respond = this.#respond;
    this.#respond = undefined;
    respond?.();
  }

  /** engine.io ends the response as soon as `onData` returns. */
  #delay({ dataRes: response }: BareTransport): void {
    if (!response?.end) return;
    const { end } = response;
    override(response, "end", (...input) => {
      const previous = this.#respond;
      this.#respond = () => end.apply(response, input);
      // A client that posts again without waiting: at most one response is delayed, and none is left out.
      previous?.();
      return response;
    });
  }
}
