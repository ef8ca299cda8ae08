// @ts-check
import { byId, element } from "./dom.js";
import { act, pause } from "./tour.js";
import { bringIntoView } from "./view.js";

/**
 * @typedef {import("./tour.js").Stage} Stage
 *
 * @typedef {object} Scene
 * @property {string} caption
 * @property {number} lasts milliseconds
 * @property {string} look selector of the part of the page that is shown first
 * @property {string} [result] selector of the part that is shown once the scene is played
 * @property {(stage: Stage) => Promise<unknown>} [play]
 */

const FIRST_CLIENT = "[aria-labelledby=client-1]";
const TREE = "#explained";
/** Milliseconds until the tree of the last decision is drawn. */
const UNTIL_DRAWN = 400;
/** Pixels between the caption and the part above it. */
const MARGIN = 24;

/** @type {readonly Scene[]} */
const SCENES = [
  {
    caption: "Portcullis: permission rules for real-time servers. One policy guards ws, socket.io and HTTP.",
    look: "#policy",
    lasts: 9000,
  },
  {
    caption: "A member writes. Every decision is listed, with the tree of its rules.",
    look: FIRST_CLIENT,
    result: TREE,
    lasts: 10_000,
    play: ({ clients: [first] }) => act(first, "member", "chat.send", { text: "Hello everybody!" }),
  },
  {
    caption: "A guest may read, not write. The refusal has a code, a status and a reason. The socket stays open.",
    look: FIRST_CLIENT,
    result: FIRST_CLIENT,
    lasts: 11_000,
    play: ({ clients: [first] }) => act(first, "guest", "chat.send", { text: "May I?" }),
  },
  {
    caption: "Members may not post links. The tree shows the outcome and the time of each rule.",
    look: FIRST_CLIENT,
    result: TREE,
    lasts: 12_000,
    play: ({ clients: [first] }) => act(first, "member", "chat.send", { text: "Look at https://example.com" }),
  },
  {
    caption: "Now links are allowed. A rule is removed from the policy, and the running server applies it.",
    look: "#policy",
    lasts: 11_000,
    play: async ({ editor }) => {
      editor.write(withoutLinkRule(editor.text));
      await pause(4000);
      await editor.apply();
    },
  },
  {
    caption: "The same message on the same open socket is allowed.",
    look: FIRST_CLIENT,
    lasts: 11_000,
    play: ({ clients: [first] }) => act(first, "member", "chat.send", { text: "Look at https://example.com" }),
  },
  {
    caption: "A rule fails. The lookup of members throws, and the member is refused.",
    look: FIRST_CLIENT,
    result: TREE,
    lasts: 12_000,
    play: async ({ server, clients: [first] }) => {
      await server.breakRule("isMember", "throws");
      await act(first, "member", "chat.send", { text: "Is it still open?" });
    },
  },
  {
    caption: "The admin is allowed by another operand of the or, which needs no lookup of members.",
    look: TREE,
    result: TREE,
    lasts: 11_000,
    play: async ({ server, clients: [, second] }) => {
      await act(second, "admin", "chat.send", { text: "I can still write." });
      await server.breakRule("isMember", null);
    },
  },
  {
    caption: "A ban works at once. The socket stays open, and the next message is refused.",
    look: FIRST_CLIENT,
    result: FIRST_CLIENT,
    lasts: 13_000,
    play: async ({ clients: [first, second] }) => {
      await act(second, "admin", "user.ban", { user: "member" });
      await act(first, "member", "chat.send", { text: "Can you still hear me?" });
      await act(second, "admin", "user.unban", { user: "member" });
    },
  },
  {
    caption: "The same over HTTP. One Express route and two sockets give one answer, from one policy.",
    look: "#parity",
    result: "#parity-results",
    lasts: 11_000,
    play: async () => /** @type {HTMLFormElement} */ (byId("parity-form")).requestSubmit(),
  },
  {
    caption: "This is the program for your own server. Everything on this page is live, so try it yourself.",
    look: "#code",
    lasts: 10_000,
  },
];

/**
 * Plays the demonstration when the server was started with `--demo`, or the address has `?demo`.
 *
 * @param {Stage} stage
 */
export function playDemo(stage) {
  let isBegun = false;
  stage.server.listen(({ isDemo }) => {
    if (isBegun || !(isDemo || new URLSearchParams(location.search).has("demo"))) return;
    isBegun = true;
    play(stage);
  });
}

/** @param {Stage} stage */
async function play(stage) {
  const stop = element("button", { type: "button", class: "secondary" }, "Stop");
  const text = element("p", { role: "status" });
  const bar = element("aside", { class: "caption", "aria-label": "Demonstration" }, text, stop);
  document.body.append(bar);
  document.body.dataset.demo = "";
  let isStopped = false;
  const end = () => {
    isStopped = true;
    bar.remove();
    delete document.body.dataset.demo;
    document.documentElement.style.removeProperty("--docked");
  };
  stop.addEventListener("click", end);
  const { editor, decisions, server } = stage;
  const show = (/** @type {string | undefined} */ selector) => {
    const place = selector === undefined ? null : document.querySelector(selector);
    if (!isStopped && place instanceof HTMLElement) bringIntoView(place);
  };
  for (const { caption, lasts, look, result, play: scene } of SCENES) {
    if (isStopped) break;
    text.textContent = caption;
    document.documentElement.style.setProperty("--docked", `${bar.offsetHeight + MARGIN}px`);
    show(look);
    decisions.follow();
    const played = async () => {
      await scene?.(stage);
      await pause(UNTIL_DRAWN);
      show(result);
    };
    await Promise.all([played(), pause(lasts)]);
  }
  end();
  await server.breakRule("isMember", null);
  // A text that somebody has written meanwhile is kept.
  if (editor.text !== withoutLinkRule(editor.first)) return;
  editor.write(editor.first);
  await editor.apply();
}

/**
 * Removes the rule about links from the first policy. Any other policy is returned unchanged.
 *
 * @param {string} text
 */
function withoutLinkRule(text) {
  const start = text.indexOf("and(\n          isMember");
  const end = text.indexOf('        HasRole("admin")', start);
  return start < 0 || end < 0 ? text : `${text.slice(0, start)}isMember,\n${text.slice(end)}`;
}
