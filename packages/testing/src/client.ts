import type { Payload } from "@portcullis/core";
import type { Answer, ClientListener, Closed, HarnessClient, OutgoingMessage } from "./harness.js";

/** A client of the suite. It numbers its messages and collects the answers. */
export class TestClient implements ClientListener {
  /** All received frames, verbatim. */
  readonly frames: string[] = [];
  readonly answers: Answer[] = [];
  readonly closed: Promise<Closed>;
  isClosed = false;
  raw: HarnessClient | undefined;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #lastId = 0;
  #end: (closed: Closed) => void = () => {};

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  onFrame(text: string): void {
    this.frames.push(text);
  }

  onAnswer(answer: Answer): void {
    this.answers.push(answer);
    if (answer.id === undefined) return;
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }

  onClosed(closed: Closed): void {
    this.isClosed = true;
    this.#end(closed);
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  /** Numbers a message. */
  message(action: string, payload: Payload = {}, wantsAnswer = true): OutgoingMessage {
    this.#lastId += 1;
    return { id: this.#lastId, action, payload, wantsAnswer };
  }

  /** Waits for the answer to a message; `undefined` when the connection ends without one. */
  answerTo({ id }: OutgoingMessage): Promise<Answer | undefined> {
    const known = this.answers.find((answer) => answer.id === id);
    if (known || this.isClosed) return Promise.resolve(known);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
    });
  }

  /** Sends messages so that they arrive together. Each promise resolves with the answer, or `undefined`. */
  sendAll(messages: readonly OutgoingMessage[]): Promise<Answer | undefined>[] {
    const answers = messages.map((message) => this.answerTo(message));
    this.raw?.send(messages);
    return answers;
  }

  /** Sends messages in one frame. Each promise resolves with the answer, or `undefined`. */
  sendBatch(messages: readonly OutgoingMessage[]): Promise<Answer | undefined>[] {
    const answers = messages.map((message) => this.answerTo(message));
    this.raw?.sendBatch?.(messages);
    return answers;
  }

  /** Sends a message and waits for its answer; `undefined` when the connection ends without one. */
  request(action: string, payload: Payload = {}): Promise<Answer | undefined> {
    return this.sendAll([this.message(action, payload)])[0] as Promise<Answer | undefined>;
  }

  sendRaw(raw: unknown): void {
    this.raw?.sendRaw(raw as never);
  }

  /** Stops reading until `resume`. */
  pause(): void {
    this.raw?.pause();
  }

  resume(): void {
    this.raw?.resume();
  }

  close(): void {
    this.raw?.close();
  }

  terminate(): void {
    this.raw?.terminate();
  }

  /** All received frames as one text, for searching. */
  get text(): string {
    return this.frames.join("\n");
  }
}
