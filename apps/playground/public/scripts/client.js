// @ts-check
import { ChatView } from "./chat-view.js";
import { check } from "./choice.js";
import { openClient } from "./connection.js";
import { announce } from "./dom.js";
import { parse, showFrame } from "./frames.js";
import { makePane, showSample } from "./pane.js";
import { NOBODY, signIn, signOut } from "./session.js";
import { SignInRow } from "./sign-in-row.js";

/** @typedef {import("./connection.js").Reply} Reply */
/** @typedef {import("./connection.js").Transport} Transport */

/** Actions that are answered with the messages of the chat. */
const READING = ["chat.watch", "chat.history"];
/** Renews the sign-in. It is answered by the guard. */
const RENEW = "auth.renew";

/** One client: an account, a connection of its own, and the pane that shows both. */
export class Client {
  /** @type {import("./connection.js").Line | undefined} */
  #line;
  /** @type {Transport} */
  #transport = "ws";
  #lastRequest = 0;
  /** @type {Map<number, { action: string, resolve: (reply: Reply | undefined) => void }>} */
  #requests = new Map();
  #account = NOBODY;
  /** @type {string | undefined} */
  #session;
  /** Number of the latest connection attempt. Earlier attempts are dropped. */
  #turn = 0;
  #parts;
  #decisions;
  #server;
  #row;
  #areRolesTaken = false;

  /**
   * @param {number} number
   * @param {string} account
   * @param {object} page
   * @param {import("./decisions.js").Decisions} page.decisions
   * @param {import("./server-state.js").ServerState} page.server
   */
  constructor(number, account, { decisions, server }) {
    this.number = number;
    this.#decisions = decisions;
    this.#server = server;
    const { pane, parts } = makePane(number);
    this.pane = pane;
    this.#parts = parts;
    this.chat = new ChatView(this.#parts.chat, number, (refusal) => decisions.explain({ client: number, ...refusal }));
    this.#row = new SignInRow(parts, {
      renew: () => this.request(RENEW),
      notice: (text) => this.chat.showNotice(text),
      toggleRoles: () => server.demote(this.#account, !this.#areRolesTaken),
    });
    this.#listen();
    this.signIn(account);
    server.listen(() => this.#readRoles());
  }

  /**
   * Closes the connection and opens one for another account.
   *
   * @param {string} account
   * @returns {Promise<void>} when the connection is open, or refused
   */
  signIn(account) {
    this.#account = account;
    check(this.#parts.accounts, account);
    check(this.#parts.transports, this.#transport);
    return this.#connect();
  }

  /** @param {string} account */
  isSignedInAs(account) {
    return this.#account === account && this.#line?.isOpen() === true;
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param {string} action
   * @param {Record<string, unknown>} [payload]
   * @returns {Promise<Reply | undefined>} `undefined` when the connection is closed
   */
  request(action, payload = {}) {
    return new Promise((resolve) => {
      const id = ++this.#lastRequest;
      this.#requests.set(id, { action, resolve });
      if (!this.#send(JSON.stringify({ action, request_id: id, ...payload }))) this.#forget(id, undefined);
    });
  }

  /** @param {() => void} removed called when the connection is closed and the pane is gone */
  makeRemovable(removed) {
    const { remove } = this.#parts;
    remove.hidden = false;
    remove.addEventListener("click", () => {
      this.#leave();
      this.pane.remove();
      removed();
    });
  }

  #listen() {
    const { accounts, transports, actions, composer, message, editor, frame, reconnect } = this.#parts;
    accounts.addEventListener("change", ({ target }) => this.signIn(/** @type {HTMLInputElement} */ (target).value));
    transports.addEventListener("change", ({ target }) => {
      this.#transport = /** @type {Transport} */ (/** @type {HTMLInputElement} */ (target).value);
      this.signIn(this.#account);
    });
    actions.addEventListener("change", ({ target }) => {
      showSample(frame, Number(/** @type {HTMLInputElement} */ (target).value));
    });
    reconnect.addEventListener("click", () => this.signIn(this.#account));
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      if (message.value.trim() !== "") this.request("chat.send", { text: message.value });
      message.value = "";
    });
    editor.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendFrame(frame.value);
    });
  }

  /**
   * Sends the text of the editor, also when it is no JSON.
   *
   * @param {string} text
   */
  #sendFrame(text) {
    const { action, request_id, ...payload } = parse(text) ?? {};
    if (typeof action === "string" && request_id === undefined) this.request(action, payload);
    else this.#send(text);
  }

  async #connect() {
    this.#leave();
    const turn = ++this.#turn;
    this.#showState("connecting", "Connecting");
    this.chat.clear();
    try {
      await this.#decisions.watch();
      const account = this.#account;
      const signedIn = await signIn(account);
      // Another choice was made meanwhile.
      if (turn !== this.#turn) return signOut(signedIn?.session);
      this.#session = signedIn?.session;
      await this.#open(signedIn);
    } catch {
      if (turn === this.#turn) this.#showState("closed", "The server is not there");
    }
  }

  /** @param {import("./session.js").SignedIn | undefined} signedIn */
  #open(signedIn) {
    return new Promise((/** @type {(value?: undefined) => void} */ settle) => {
      const line = openClient(this.#transport, this.number, signedIn?.session, {
        opened: () => {
          this.#showState("open", "Connected");
          // A request over HTTP is decided anew each time, so there is nothing to renew.
          if (signedIn && line.isPushed) this.#row.show(signedIn);
          this.#readRoles();
          this.request(line.isPushed ? "chat.watch" : "chat.history").then(() => settle());
        },
        received: (reply, text) => {
          if (this.#line === line) this.#receive(reply, text);
        },
        closed: (why, refusal) => {
          settle();
          if (this.#line === line) this.#closed(why, refusal);
        },
      });
      this.#line = line;
    });
  }

  #leave() {
    const line = this.#line;
    this.#line = undefined;
    line?.close();
    this.#row.hide();
    signOut(this.#session);
    this.#session = undefined;
    for (const id of [...this.#requests.keys()]) this.#forget(id, undefined);
  }

  /**
   * @param {string} why
   * @param {import("./connection.js").Refusal} [refusal]
   */
  #closed(why, refusal) {
    // The server may be gone, so there is nothing to sign out from.
    this.#session = undefined;
    this.#leave();
    this.#showState("closed", why);
    if (refusal) this.chat.showRefusal("connect", refusal);
    announce(`Client ${this.number}: the connection was closed. ${why}`);
  }

  /**
   * @param {string} text
   * @returns {boolean} false when the client is not connected
   */
  #send(text) {
    if (!this.#line?.isOpen()) {
      this.chat.showNotice("Not sent: this client is not connected.");
      return false;
    }
    showFrame(this.#parts.frames, "sent", this.#line.send(text));
    this.#countFrame();
    return true;
  }

  /**
   * @param {Reply} reply
   * @param {string} text
   */
  #receive(reply, text) {
    showFrame(this.#parts.frames, "received", text, reply.response_status);
    this.#countFrame();
    if (reply.action === "chat.message") this.#showMessages([reply.data]);
    else if (reply.action === "chat.left") this.request("chat.watch");
    else this.#answer(reply);
  }

  /** Asks for the chat again once the roles of the account are given back. */
  #readRoles() {
    const areTaken = this.#server.current?.demoted.includes(this.#account) === true;
    const areBack = this.#areRolesTaken && !areTaken;
    this.#areRolesTaken = areTaken;
    this.#row.areRolesTaken = areTaken;
    if (areBack && this.#line?.isOpen() && this.#line.isPushed) this.request("chat.watch");
  }

  /** @param {import("./chat-view.js").Message[]} messages */
  #showMessages(messages) {
    for (const message of messages) this.chat.showMessage(message, this.#account);
  }

  /** @param {Reply} reply */
  #answer(reply) {
    const id = Number(reply.request_id);
    const action = this.#requests.get(id)?.action ?? reply.action ?? "frame";
    const isAllowed = reply.response_status < 400;
    // An answer of dcrf() has the first name, an acknowledgement of socket.io the second.
    if (isAllowed && action === RENEW) this.#row.extend(reply.data.expires_in ?? reply.data.expiresIn);
    if (isAllowed && READING.includes(action)) this.#showMessages(reply.data?.messages ?? []);
    else if (!isAllowed || action !== "chat.send") this.chat.showReply(action, reply);
    // An HTTP client receives nothing by itself, so it asks for new messages.
    else if (this.#line?.isPushed === false) this.request("chat.history");
    this.#forget(id, reply);
  }

  /**
   * @param {number} id
   * @param {Reply | undefined} reply
   */
  #forget(id, reply) {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    request?.resolve(reply);
  }

  #countFrame() {
    const { frameCount, frames } = this.#parts;
    frameCount.textContent = String(frames.children.length);
  }

  /**
   * @param {"connecting" | "open" | "closed"} state
   * @param {string} text
   */
  #showState(state, text) {
    this.#parts.state.dataset.state = state;
    this.#parts.stateText.textContent = text;
    this.#parts.reconnect.hidden = state !== "closed";
  }
}
