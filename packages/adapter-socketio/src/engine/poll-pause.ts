import { type BareTransport, override } from "../socketio-internals.js";

/**
 * Delays the response to the POST of a polling client. Its library sends the next POST only after that response, so no
 * further messages arrive meanwhile.
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

  /** Delays the response, which engine.io would end as soon as `onData` returns. */
  #delay({ dataRes: response }: BareTransport): void {
    if (!response?.end) return;
    const { end } = response;
    override(response, "end", (...input) => {
      const previous = this.#respond;
      this.#respond = () => end.apply(response, input);
      // If a client posts again without waiting, the earlier response is sent now, so at most one response is delayed.
      previous?.();
      return response;
    });
  }
}
