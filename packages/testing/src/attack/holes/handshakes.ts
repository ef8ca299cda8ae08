import { sleep } from "../bell.js";
import { headersOf } from "../client.js";
import { holds, isOpen } from "../findings.js";
import type { Hole } from "../hole.js";
import { dial, upgradeOf } from "../raw-connection.js";
import type { Target } from "../target.js";

/** The part of a handshake that is sent. The rest never follows. */
const HALF = 0.6;

/** hocuspocus GHSA-xwhh-v746-pj9m, nes, SocketCluster: memory and slots for unauthenticated clients. */
export const unfinishedHandshakes: Hole = {
  name: "unfinished-handshakes",
  title: "handshakes that are never finished are kept for ever",
  async play(target) {
    const { connections, handshake, timeout } = target.limits;
    const startedAt = performance.now();
    const knocks = Array.from({ length: connections }, (_, at) => (at % 2 === 0 ? halfUpgrade(target) : half(target)));
    try {
      await sleep(Math.min(handshake / 4, 200));
      if (!(await target.isAlive())) return isOpen(`with ${connections} of them nobody else gets in`);
      const since = () => `${Math.round(performance.now() - startedAt)} ms`;
      const left = () => knocks.filter(({ isOver }) => !isOver()).length;
      const deadline = startedAt + handshake + timeout;
      while (left() > 0 && performance.now() < deadline) await sleep(10);
      if (left() > 0) return isOpen(`${left()} of ${connections} are open ${since()} later`);
      return holds(`${connections} of them were cut off, the last after ${since()}`);
    } finally {
      for (const { end } of knocks) end();
    }
  },
};

interface Unfinished {
  isOver(): boolean;
  end(): void;
}

/** Sends the first part of a request head. */
function halfUpgrade(target: Target): Unfinished {
  const { url, wire, entrance, origin, denied } = target;
  const head = upgradeOf(wire.address(url, entrance), headersOf(denied, { origin }));
  return saying(target, head.slice(0, Math.floor(head.length * HALF)));
}

/** For socket.io, opens a connection that never asks for a namespace. For ws, one that sends nothing. */
function half(target: Target): Unfinished {
  if (target.wire.transport === "ws") return saying(target, "");
  const { connection } = target.connect(target.denied, { isMute: true });
  return { isOver: () => connection.end !== undefined, end: () => connection.socket.destroy() };
}

function saying({ url, options }: Target, text: string): Unfinished {
  const socket = dial({ url, tls: options.tls });
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  socket.on("error", over).on("close", over).on("end", over).resume();
  socket.write(text);
  return { isOver: () => isOver, end: () => socket.destroy() };
}
