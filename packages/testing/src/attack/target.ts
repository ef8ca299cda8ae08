import { randomBytes } from "node:crypto";
import { PermissionMisuse } from "@portcullis/core";
import { sleep } from "./bell.js";
import { type Answer, Client, type HandshakeOptions, type MarkedMessage, markedBy } from "./client.js";
import { type Account, type AttackLimits, type AttackOptions, type Probe, readLimits, readUrl } from "./options.js";
import type { Wire } from "./wire.js";
import { wireOf } from "./wires/wire-of.js";

/** Milliseconds before an unanswered first message is sent again. Its listener may have been added too late. */
const AGAIN = 30;
const TRIES = 3;

/** True when an account sends a Cookie header. */
const hasCookie = ({ headers = {} }: Account) => Object.keys(headers).some((name) => name.toLowerCase() === "cookie");

/** The server under attack, with its options. */
export class Target {
  readonly url: URL;
  readonly wire: Wire;
  readonly limits: Required<AttackLimits>;
  /** The Origin of allowed pages. */
  readonly origin: string;
  readonly entrance: string;
  readonly #clients = new Set<Client>();
  readonly #secret = randomBytes(4).toString("hex");
  #marks = 0;

  constructor(
    url: string | URL,
    readonly options: AttackOptions,
  ) {
    const { accounts, actions } = options ?? {};
    if (!accounts?.allowed || !accounts.denied || !actions?.open || !actions.guarded) {
      throw new PermissionMisuse(
        "attack() needs { protocol, accounts: { allowed, denied }, actions: { open, guarded } } to know your server",
      );
    }
    this.url = readUrl(url, options.allowHost);
    this.wire = wireOf(options);
    this.limits = readLimits(options.limits);
    const { origin = "any" } = options;
    this.origin = origin === "any" ? `${this.url.protocol.replace("ws", "http")}//${this.url.host}` : origin;
    this.entrance = this.wire.entranceOf(this.url);
  }

  get allowed(): Account {
    return this.options.accounts.allowed;
  }

  get denied(): Account {
    return this.options.accounts.denied;
  }

  /** True when the allowed account is identified by a cookie, which a browser sends for any page. */
  get hasCookie(): boolean {
    return hasCookie(this.allowed);
  }

  /** Returns a unique text. */
  mark(): string {
    this.#marks += 1;
    return `mark-${this.#secret}-${this.#marks}`;
  }

  message(probe: Probe): MarkedMessage {
    return markedBy(probe, this.mark());
  }

  /** A new message that every admitted client may send. */
  get open(): MarkedMessage {
    return this.message(this.options.actions.open);
  }

  /** A new message that only the allowed account may send. */
  get guarded(): MarkedMessage {
    return this.message(this.options.actions.guarded);
  }

  /** Starts a handshake. */
  connect(account: Account, options: Partial<HandshakeOptions> = {}): Client {
    const handshake: HandshakeOptions = { entrance: this.entrance, origin: this.origin, ...options };
    const client = new Client(this.wire, account, handshake, { url: this.url, tls: this.options.tls });
    this.#clients.add(client);
    return client;
  }

  /** Starts a handshake, and waits until the server has decided it. */
  async decide(account: Account, options: Partial<HandshakeOptions> = {}): Promise<Client> {
    const client = this.connect(account, options);
    await client.bell.until(() => client.isDecided, this.limits.timeout);
    return client;
  }

  /** Completes a handshake, and sends a message. The client is in once the message is answered. */
  async enter(account: Account, options: Partial<HandshakeOptions> = {}): Promise<Client> {
    const client = await this.decide(account, options);
    const deadline = performance.now() + this.limits.timeout;
    for (let wait = AGAIN; client.isLetIn && !client.isEnded && !client.isIn; wait *= 2) {
      if (performance.now() > deadline) break;
      const answer = await this.ask(client, this.open, Math.min(wait, this.limits.timeout));
      if (answer?.isRefusal) break;
      client.isIn = answer !== undefined;
    }
    return client;
  }

  /** Enters as a client that the server must admit. Throws {@link ShutOut} when it does not. */
  async enterSurely(account: Account, options: Partial<HandshakeOptions> = {}): Promise<Client> {
    const client = await this.enter(account, options);
    if (!client.isIn) throw new ShutOut(`a client that must be let in was not: ${client.ending}`);
    return client;
  }

  /** Sends one message, and waits for its answer. */
  ask(client: Client, message: MarkedMessage, milliseconds = this.limits.timeout): Promise<Answer | undefined> {
    const [id] = client.send(message) as [number];
    return client.answerTo(id, milliseconds);
  }

  /** Waits until earlier messages must have been handled. */
  async fence(client: Client): Promise<void> {
    await this.ask(client, this.open);
    await sleep(this.limits.settle);
  }

  /** True when the handler of a message has run. */
  async hasRun(client: Client, id: number, { marker }: MarkedMessage): Promise<boolean> {
    const answer = client.answers.find((one) => one.id === id);
    if (answer && !answer.isRefusal) return true;
    return (await this.options.handled?.(marker)) ?? false;
  }

  /** Sends messages that must not be handled, and returns those that were. */
  async handledOf(client: Client, messages: readonly MarkedMessage[]): Promise<MarkedMessage[]> {
    const ids = client.send(...messages);
    await this.fence(client);
    const ran = await Promise.all(messages.map((message, at) => this.hasRun(client, ids[at] as number, message)));
    return messages.filter((_, at) => ran[at]);
  }

  /** True when the server still admits and answers a client. A busy server may need several tries. */
  async isAlive(): Promise<boolean> {
    for (let tries = 0; tries < TRIES; tries++) {
      const client = await this.enter(this.allowed);
      client.connection.socket.destroy();
      this.#clients.delete(client);
      if (client.isIn) return true;
      await sleep(this.limits.settle);
    }
    return false;
  }

  /** Destroys all connections. */
  release(): void {
    for (const client of this.#clients) client.connection.socket.destroy();
    this.#clients.clear();
  }
}

/** Thrown when the server no longer admits a client that it must admit. */
export class ShutOut extends Error {}
