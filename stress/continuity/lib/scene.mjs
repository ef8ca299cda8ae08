// @ts-check
import { fork } from "node:child_process";
import { once } from "node:events";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { FaultyProxy } from "./proxy.mjs";

/** The clock of the machine, which all its processes share. */
export const now = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;

const CLOCK = new URL("shifted-clock.mjs", import.meta.url);

/** Milliseconds between two messages of a client, and until it connects again. */
const PACE = { message: 40, reconnect: 150 };

/** Milliseconds that a process may lose between a decision and the reading of the clock. */
const SLACK = 400;

/** The truth, which outlives every fault: who may not do anything, and since when. */
export class Truth {
  /** @type {Map<string, { since: number, call: string, last: number, isBrokenHere: boolean }>} */
  #banned = new Map();
  /** @type {string[]} */
  violations = [];
  /** @type {number[]} Milliseconds from the write of a ban that was announced to the last message delivered. */
  lags = [];
  /** The longest time from the write of any ban to the last message delivered, in milliseconds. */
  worst = 0;
  /** The bans that the process itself did not keep which announced them. */
  brokenHere = 0;
  handed = 0;

  /** @param {number} every */
  constructor(every) {
    this.every = every;
  }

  /** @param {string} user @param {string} call the way in which it is announced */
  ban(user, call) {
    this.#banned.set(user, { since: now(), call, last: 0, isBrokenHere: false });
  }

  /** @param {string} user */
  forgive(user) {
    const ban = this.#banned.get(user);
    if (ban?.call === "revoke") this.lags.push(ban.last);
    this.worst = Math.max(this.worst, ban?.last ?? 0);
    if (ban?.isBrokenHere) this.brokenHere += 1;
    this.#banned.delete(user);
  }

  /** The bans that did not hold in time. */
  get late() {
    return this.lags.filter((lag) => lag > this.every + SLACK).length;
  }

  /** @param {string} user */
  isAllowed(user) {
    return !this.#banned.has(user);
  }

  /** @param {string} user @param {number} at @param {boolean} isRevokedHere */
  hear(user, at, isRevokedHere) {
    this.handed += 1;
    const ban = this.#banned.get(user);
    if (ban === undefined || at < ban.since) return;
    ban.last = Math.max(ban.last, at - ban.since);
    const lag = `${(at - ban.since).toFixed(0)} ms after the ban of ${user} (${ban.call})`;
    if (at - ban.since > this.every + SLACK) this.violations.push(`delivered ${lag}`);
    ban.isBrokenHere ||= isRevokedHere;
    if (isRevokedHere) this.violations.push(`delivered by the process that has revoked it, ${lag}`);
  }
}

/** One server process, which is started again after it was killed, its way to the log, and its clients. */
export class NodeProcess {
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  #port = 0;
  #isOver = false;
  settled = { durable: 0, not: 0 };
  /** Milliseconds by which its wall clock is ahead. */
  #shift = 0;

  /**
   * @param {{ program: URL, client: string, transport: string, url: (port: number) => string, target: number,
   *   truth: Truth }} options
   */
  constructor(options) {
    this.options = options;
    this.proxy = new FaultyProxy(options.target);
  }

  async start() {
    const { program, client, transport, url, truth } = this.options;
    this.#logPort ??= await this.proxy.listen();
    const every = process.env.BROKEN === "revalidation" ? 3_600_000 : truth.every;
    const args = [client, url(this.#logPort), transport, String(every)];
    const child = fork(program, args, {
      execArgv: ["--import", CLOCK.href],
      env: { ...process.env, CLOCK_AHEAD: String(this.#shift) },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    child.on("message", (message) => this.#hear(child, /** @type {any} */ (message)));
    child.on("error", () => undefined);
    const [{ port }] = await once(child, "message");
    this.#port = port;
  }

  /** @type {number | undefined} */
  #logPort;

  /** @param {import("node:child_process").ChildProcess} child @param {Record<string, any>} message */
  #hear(child, { ask, user, handed, at, isRevokedHere, isDurable }) {
    const { truth } = this.options;
    if (ask !== undefined && child.connected)
      child.send({ answer: ask, isAllowed: truth.isAllowed(user) }, () => undefined);
    else if (handed !== undefined) truth.hear(handed, at, isRevokedHere);
    else if (isDurable !== undefined) this.settled[isDurable ? "durable" : "not"] += 1;
  }

  /** @param {object} message */
  tell(message) {
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }

  /** Sets the wall clock of the process, also of those that are started later. @param {number} milliseconds ahead */
  setClock(milliseconds) {
    this.#shift = milliseconds;
    this.tell({ clock: milliseconds });
  }

  async kill() {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  async end() {
    this.#isOver = true;
    await this.kill();
    this.proxy.close();
  }

  /** Keeps one client connected, which sends all the time. @param {string} user */
  serve(user) {
    if (this.#isOver) return;
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const again = () => {
      clearInterval(timer);
      if (!this.#isOver) setTimeout(() => this.serve(user), PACE.reconnect);
    };
    const open = (/** @type {() => void} */ send) => {
      timer = setInterval(send, PACE.message);
    };
    if (this.options.transport === "ws") {
      const socket = new WebSocket(`ws://127.0.0.1:${this.#port}`, { headers: { authorization: user } });
      socket.on("error", () => undefined);
      socket.on("open", () => open(() => socket.send(JSON.stringify({ type: "say", user }))));
      socket.once("close", again);
      return;
    }
    const socket = io(`http://127.0.0.1:${this.#port}`, {
      auth: { user },
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
    });
    const end = () => {
      socket.removeAllListeners();
      socket.close();
      again();
    };
    socket.once("connect", () => open(() => socket.emit("say", { user })));
    socket.once("connect_error", end);
    socket.once("disconnect", end);
  }
}
