import { once } from "node:events";
import { expect } from "vitest";
import { WebSocket } from "ws";

export interface Reply {
  errors: string[];
  // biome-ignore lint/suspicious/noExplicitAny: what a server sends has any shape
  data: any;
  action: string | null;
  response_status: number;
  request_id: unknown;
}

interface Options {
  /** `undefined`: not signed in. */
  account?: string;
  protocols?: string[];
  origin?: string;
  path?: "chat" | "observe";
}

/** A client of the playground that is no browser. */
export class ChatClient {
  /** Messages and decisions that answer no request. */
  readonly pushed: Reply[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Map<unknown, (reply: Reply) => void>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const reply: Reply = JSON.parse(String(data));
      const resolve = this.#waiting.get(reply.request_id);
      this.#waiting.delete(reply.request_id);
      if (resolve) resolve(reply);
      else this.pushed.push(reply);
    });
  }

  static async open(url: string, options: Options = {}): Promise<ChatClient> {
    const socket = await dial(url, options);
    const client = new ChatClient(socket);
    await once(socket, "open");
    return client;
  }

  /** Opens a socket that is refused: the code and the reason it is closed with. */
  static async refused(url: string, options: Options = {}): Promise<{ code: number; reason: string }> {
    const socket = await dial(url, options);
    const [code, reason] = await once(socket, "close");
    return { code, reason: String(reason) };
  }

  request(action: string, payload: object = {}): Promise<Reply> {
    const id = ++this.#count;
    return this.answerTo(id, JSON.stringify({ action, request_id: id, ...payload }));
  }

  /** Sends any text; resolves with the reply that has this request id. */
  answerTo(id: unknown, text: string): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(text);
    });
  }

  /** Waits for something that was not asked for. */
  async told(isIt: (reply: Reply) => boolean): Promise<Reply> {
    await expect.poll(() => this.pushed.some(isIt), { timeout: 4000, interval: 10 }).toBe(true);
    return this.pushed.find(isIt) as Reply;
  }

  close(): void {
    this.#socket.close();
  }

  /** The texts of the chat messages that were pushed. By then a reply to a ping has come behind them. */
  async messages(): Promise<string[]> {
    await this.request("ping");
    return this.pushed.filter(({ action }) => action === "chat.message").map(({ data }) => data.text);
  }

  async closed(): Promise<number> {
    const [code] = await once(this.#socket, "close");
    return code;
  }
}

async function dial(url: string, { account, protocols = [], origin, path = "chat" }: Options): Promise<WebSocket> {
  const session = account && `session.${await signIn(url, account)}`;
  const offered = ["portcullis-playground", ...protocols, ...(session ? [session] : [])];
  return new WebSocket(`${url.replace("http", "ws")}/${path}`, offered, origin ? { origin } : {});
}

/** Signs in as the page does: the value of the cookie. */
export async function signIn(url: string, account: string): Promise<string> {
  const response = await fetch(`${url}/login`, {
    method: "POST",
    body: new URLSearchParams({ username: account, password: account }),
  });
  if (response.status !== 200) throw new Error(`there is no account ${account}`);
  return ((await response.json()) as { session: string }).session;
}
