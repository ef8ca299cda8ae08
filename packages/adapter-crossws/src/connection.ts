import type { Decision } from "@portcullis/core";
import { type Connection, closeCodeOf } from "@portcullis/core/adapter";
import { attempt, type DecodedMessage } from "@portcullis/core/frames";
import type { Hooks, Message, Peer } from "crossws";
import type { UpgradeRequest } from "./options.js";
import { UpgradeFacts } from "./upgrade-facts.js";

const NO_PROTOCOL =
  "a client that offered subprotocols has left before its first message, as browsers do where the server chooses none: give crossws `handleProtocols: ([first]) => first`, or return `protocol` from the hook `upgrade`";

type Result = ReturnType<Hooks["message"]>;
type CloseDetails = Parameters<Hooks["close"]>[1];

/** One client: an upgrade first, and from `openPeer` on the connection of a session. */
export class PeerConnection extends UpgradeFacts implements Connection<DecodedMessage<Message>, UpgradeRequest> {
  /** The refusal of an upgrade that was accepted to be closed with a code. */
  refused: Decision | undefined;
  /** True until the first message of a client that has offered subprotocols, of which the hook `upgrade` has chosen none. */
  isProtocolOpen = false;
  /** True when crossws has reported an error of the peer. */
  #hasFailed = false;
  /** True once the application was told of the peer. */
  #isKnown = false;
  #result: unknown;

  /** The hooks of the application, for a peer whose `open` it has got, and whose end it has not. */
  get hooks(): Partial<Hooks> {
    return this.#isKnown && !this.isGone ? this.guarding.hooks : {};
  }

  /** Opens a peer, or closes one that was not admitted. */
  openPeer(peer: Peer): Result {
    const { refused, guarding } = this;
    this.raw = peer;
    if (refused) this.close(closeCodeOf(refused), refused.code);
    // The guard was closed during the upgrade: the application hears nothing of the peer.
    else if (guarding.gate.isClosing) this.close(1001, "going away");
    else if (!attempt(() => this.open(peer))) this.close(1008, "not admitted");
    // A session that was revoked during the upgrade has ended, and is about to be closed.
    else if (this.session?.isEnded === false) {
      this.#isKnown = true;
      return guarding.hooks.open?.(peer);
    }
  }

  /** Returns the result of the `message` hook. A message that waits has none yet. */
  receiveMessage(message: Message): Result {
    this.#result = undefined;
    this.isProtocolOpen = false;
    this.receive(message.rawData, message);
    return this.#result as Result;
  }

  protected override deliverFrame(message: Message): void {
    this.#result = this.guarding.hooks.message?.(this.raw as Peer, message);
  }

  /** Notes an error, which Deno reports in place of a close code. */
  fail(error: Parameters<Hooks["error"]>[1]): Result {
    this.#hasFailed = true;
    return this.hooks.error?.(this.raw as Peer, error);
  }

  /** Notes an empty buffer, and tells the application of it. */
  override drained(): Result {
    super.drained();
    return this.hooks.drain?.(this.raw as Peer);
  }

  /** Ends the session: at once after a cut, else after its last message. The hook of the application is called then. */
  endPeer(details: CloseDetails): Result {
    let result: Result | undefined;
    const { hooks } = this;
    // Without a close of the client the code is 1006. Deno tells no code, but reports an error first.
    const isCut = details?.code === undefined ? this.#hasFailed : details.code === 1006;
    if (isCut && this.isProtocolOpen) this.guarding.gate.hintOnce(NO_PROTOCOL);
    this.end(isCut, () => {
      result = hooks.close?.(this.raw as Peer, details);
    });
    return result as Result;
  }

  /** Deno cannot end a connection at once, and tells of its end only after its idle timeout. */
  protected override lost(): void {
    this.endPeer({ code: 1006 });
  }
}
