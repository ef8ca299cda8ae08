// @ts-check

import { questions, requests } from "./bridge.mjs";
import { codecs, payloads } from "./codecs.mjs";
import { frames } from "./frames.mjs";
import { handshakes } from "./handshakes.mjs";
import { events, packets } from "./packets.mjs";

/** All families. @type {readonly import("../lib/drive.mjs").Family[]} */
export const families = [handshakes, frames, payloads, packets, questions, requests, codecs, events];
