// @ts-check
import { byId, element } from "./dom.js";
import { act, pause } from "./tour.js";

/**
 * @typedef {import("./tour.js").Stage} Stage
 *
 * One scene: what is said, what is done meanwhile, and how long it stays on the page, in milliseconds.
 *
 * @typedef {object} Scene
 * @property {string} caption
 * @property {number} lasts
 * @property {string} [look] id of the part of the page to look at
 * @property {(stage: Stage) => Promise<unknown>} [play]
 */

/** @type {readonly Scene[]} */
const SCENES = [
  {
    caption: "Portcullis: permission rules for real-time servers. One policy guards ws, socket.io and HTTP.",
    look: "policy",
    lasts: 9000,
  },
  {
    caption: "A member writes. Every decision is listed, and drawn as the tree of rules that made it.",
    look: "clients-part",
    lasts: 10_000,
    play: ({ clients: [first] }) => act(first, "member", "chat.send", { text: "Hello everybody!" }),
  },
  {
    caption: "A guest may read, not write. The refusal has a code, a status and a reason; the socket lives on.",
    look: "clients-part",
    lasts: 11_000,
    play: ({ clients: [first] }) => act(first, "guest", "chat.send", { text: "May I?" }),
  },
  {
    caption: "Members may not post links. The tree shows which rule said no, which were not asked, and what each took.",
    look: "decisions",
    lasts: 12_000,
    play: ({ clients: [first] }) => act(first, "member", "chat.send", { text: "Look at https://example.com" }),
  },
  {
    caption: "So let us allow links: a rule is taken out of the policy, and applied to the running server.",
    look: "policy",
    lasts: 11_000,
    play: async ({ editor }) => {
      editor.write(withoutLinkRule(editor.text));
      await pause(4000);
      await editor.apply();
    },
  },
  {
    caption: "The same message on the same open socket: now it is allowed.",
    look: "clients-part",
    lasts: 11_000,
    play: ({ clients: [first] }) => act(first, "member", "chat.send", { text: "Look at https://example.com" }),
  },
  {
    caption: "What if a rule goes wrong? Here looking up members throws. The member is refused: nothing opens.",
    look: "clients-part",
    lasts: 12_000,
    play: async ({ server, clients: [first] }) => {
      await server.breakRule("isMember", "throws");
      await act(first, "member", "chat.send", { text: "Is it still open?" });
    },
  },
  {
    caption: "The admin goes on: another branch of the or admits it, whatever the broken rule would have said.",
    look: "decisions",
    lasts: 11_000,
    play: async ({ server, clients: [, second] }) => {
      await act(second, "admin", "chat.send", { text: "I can still write." });
      await server.breakRule("isMember", null);
    },
  },
  {
    caption: "A ban works at once: the socket stays open, and its next message is refused.",
    look: "clients-part",
    lasts: 13_000,
    play: async ({ clients: [first, second] }) => {
      await act(second, "admin", "user.ban", { user: "member" });
      await act(first, "member", "chat.send", { text: "Can you still hear me?" });
      await act(second, "admin", "user.unban", { user: "member" });
    },
  },
  {
    caption: "The same over HTTP: one Express route and two sockets, one policy, one answer.",
    look: "parity",
    lasts: 11_000,
    play: async () => /** @type {HTMLFormElement} */ (byId("parity-form")).requestSubmit(),
  },
  {
    caption: "And this is what to paste into your own server. Try it yourself: everything on this page is live.",
    look: "code",
    lasts: 10_000,
  },
];

/**
 * Plays the story by itself where the server or the address (`?demo`) says so.
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
  let isStopped = false;
  stop.addEventListener("click", () => {
    isStopped = true;
    bar.remove();
  });
  const { editor, decisions, server } = stage;
  for (const { caption, lasts, look, play: scene } of SCENES) {
    if (isStopped) break;
    text.textContent = caption;
    if (look) byId(look).scrollIntoView({ block: "nearest" });
    decisions.follow();
    await Promise.all([scene?.(stage), pause(lasts)]);
  }
  bar.remove();
  await server.breakRule("isMember", null);
  // What somebody has written meanwhile stays.
  if (editor.text !== withoutLinkRule(editor.first)) return;
  editor.write(editor.first);
  await editor.apply();
}

/**
 * The policy of the first scenes, but members may post links. Where it is another one, it stays as it is.
 *
 * @param {string} text
 */
function withoutLinkRule(text) {
  const start = text.indexOf("and(\n          isMember");
  const end = text.indexOf('        HasRole("admin")', start);
  return start < 0 || end < 0 ? text : `${text.slice(0, start)}isMember,\n${text.slice(end)}`;
}
