import { type IncomingMessage, request } from "node:http";
import type { Running } from "./support.js";

/** An HTTP response. */
export interface Polled {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An engine.io client over HTTP that returns the responses. */
export class Poller {
  readonly responses: Polled[] = [];
  #query = "EIO=4&transport=polling";

  constructor(
    private readonly running: Running,
    private readonly headers: Record<string, string> = {},
  ) {}

  /** Begins a connection. */
  static async open(running: Running, headers?: Record<string, string>): Promise<Poller> {
    const poller = new Poller(running, headers);
    const { body } = await poller.poll();
    poller.#query += `&sid=${(JSON.parse(body.slice(1)) as { sid: string }).sid}`;
    return poller;
  }

  get url(): string {
    return `127.0.0.1:${this.running.port}/socket.io/?${this.#query}`;
  }

  poll(): Promise<Polled> {
    return this.#send("GET");
  }

  post(packet: string): Promise<Polled> {
    return this.#send("POST", packet);
  }

  /** Asks to enter a namespace, with a poll that waits for the answer. */
  async connect(packet = "40"): Promise<Polled> {
    const [answer] = await Promise.all([this.poll(), this.post(packet)]);
    return answer;
  }

  /** The cookies of all responses so far, in order. */
  get cookies(): string[] {
    return this.responses.flatMap(({ headers }) => headers["set-cookie"] ?? []);
  }

  #send(method: string, body?: string): Promise<Polled> {
    return new Promise((resolve, reject) => {
      const sent = request(`http://${this.url}`, { method, agent: false, headers: this.headers });
      sent.on("error", reject);
      sent.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk) => {
          text += chunk;
        });
        response.on("error", reject).on("end", () => {
          const polled = { status: response.statusCode ?? 0, headers: response.headers, body: text };
          this.responses.push(polled);
          resolve(polled);
        });
      });
      sent.end(body);
    });
  }
}
