// @ts-check
import { postAs } from "./session.js";

/**
 * @typedef {import("./session.js").SignedIn} SignedIn
 *
 * @typedef {object} Actions
 * @property {() => void} renew sends the renewal over the socket, once the server has renewed the sign-in
 * @property {(text: string) => void} notice shows a text in the chat
 * @property {() => void} toggleRoles
 */

/** The sign-in of a client: its countdown, and buttons to renew it, to end the others, and to take the role away. */
export class SignInRow {
  #parts;
  #actions;
  #session = "";
  #end = 0;
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {import("./pane.js").Parts} parts
   * @param {Actions} actions
   */
  constructor(parts, actions) {
    this.#parts = parts;
    this.#actions = actions;
    parts.renew.addEventListener("click", () => this.#post("renew", actions.renew));
    parts.signOutOthers.addEventListener("click", () => {
      this.#post("sign-out-others", () => actions.notice("Signed out everywhere else."));
    });
    parts.roles.addEventListener("click", () => actions.toggleRoles());
  }

  /** @param {SignedIn} signedIn */
  show({ session, expiresIn }) {
    this.#session = session;
    this.#parts.signIn.hidden = false;
    this.extend(expiresIn);
  }

  hide() {
    clearInterval(this.#timer);
    this.#parts.signIn.hidden = true;
  }

  /** @param {number} seconds until the end */
  extend(seconds) {
    clearInterval(this.#timer);
    this.#end = Date.now() + seconds * 1000;
    this.#timer = setInterval(() => this.#draw(), 1000);
    this.#draw();
  }

  /** @param {boolean} areTaken */
  set areRolesTaken(areTaken) {
    this.#parts.roles.textContent = areTaken ? "Give the role back" : "Take the role away";
  }

  #draw() {
    const left = Math.max(0, Math.round((this.#end - Date.now()) / 1000));
    const seconds = String(left % 60).padStart(2, "0");
    this.#parts.countdown.textContent = `Signed in for ${Math.floor(left / 60)}:${seconds}`;
  }

  /**
   * @param {"renew" | "sign-out-others"} path
   * @param {() => void} done
   */
  #post(path, done) {
    postAs(path, this.#session).then(done, () =>
      this.#actions.notice("Not done: this client is not signed in any more."),
    );
  }
}
