import type { Decision, Policy } from "@portcullis/core";
import type { ReplyOptions, ServableConsumer } from "@portcullis/core/adapter";
import type { Frame } from "@portcullis/core/codecs";
import { type DecodedMessage, FrameExchange, type FrameOptions, readFrameOptions } from "@portcullis/core/frames";
import { connectOver, type Options, type TestConnection, Wire } from "./connection.js";

type Message = DecodedMessage<Frame>;

/** A transport of frames that records what it sends, and what it delivers. */
export class FrameWire extends Wire {
  readonly frames: Frame[] = [];
  readonly handedOn: Frame[] = [];
  exchange: FrameExchange<Frame> | undefined;

  override deliver(message: Message): void {
    if (message.batch?.allow(message) === false) return;
    this.handedOn.push(message.raw);
    super.deliver(message);
  }

  override sendRefusal(message: Message, decision: Decision): void {
    this.refused.push(decision);
    this.exchange?.refuse(message, decision);
  }

  override reply(message: Message, data: unknown, options: ReplyOptions): void {
    this.exchange?.reply(message, data, options);
  }

  /** The sent frames as JSON. */
  get answers(): unknown[] {
    return this.frames.map((frame) => JSON.parse(String(frame)));
  }
}

/** Opens a connection of frames. */
export function connectFrames(
  rules: Policy | ServableConsumer,
  { codec, denied, ...options }: Options & FrameOptions,
): TestConnection<FrameWire> & { receive(frame: unknown): void } {
  const wire = new FrameWire(options.scope);
  const opened = connectOver(wire, rules, options);
  const read = readFrameOptions("guard()", { ...(codec && { codec }), ...(denied && { denied }) }, false);
  const outgoing = { send: (frame: Frame | undefined) => void (frame !== undefined && wire.frames.push(frame)) };
  wire.exchange = new FrameExchange(opened.session as never, { ...read, gate: opened.gate as never }, outgoing);
  return {
    ...opened,
    receive(given) {
      const frame = typeof given === "string" || given instanceof Uint8Array ? given : JSON.stringify(given);
      wire.exchange?.receive(frame, frame.length, frame);
    },
  };
}
