// @ts-check
import { TourCards } from "./tour-cards.js";
import { isNarrow } from "./view.js";

/**
 * @typedef {import("./client.js").Client} Client
 *
 * The parts of the page that the tour and the demonstration use.
 *
 * @typedef {object} Stage
 * @property {[Client, Client]} clients
 * @property {import("./server-state.js").ServerState} server
 * @property {import("./policy-editor.js").PolicyEditor} editor
 * @property {import("./decisions.js").Decisions} decisions
 */

/** Milliseconds between two acts of a step. */
const STEP = 450;
/** Milliseconds that the tree of a refusal stays in view on a narrow page before the next act scrolls away from it. */
const READING_TIME = 2500;
const LINK = "Look at https://example.com";

/**
 * The steps of the tour, by the name on their buttons.
 *
 * @type {Record<string, (stage: Stage) => Promise<void>>}
 */
const STEPS = {
  async refused({ clients: [first] }) {
    await act(first, "guest", "chat.send", { text: "Hello, may I join?" });
  },
  async why(stage) {
    const [first] = stage.clients;
    await letMemberIn(stage);
    await act(first, "member", "chat.send", { text: LINK });
  },
  async ban(stage) {
    const [first, second] = stage.clients;
    await letMemberIn(stage);
    await act(first, "member", "chat.send", { text: "Hello everybody!" });
    await act(second, "admin", "user.ban", { user: "member" });
    await act(first, "member", "chat.send", { text: "Can you still hear me?" });
  },
  async fault(stage) {
    const { clients, server } = stage;
    const [first, second] = clients;
    await letMemberIn(stage);
    await server.breakRule("isMember", "throws");
    await act(first, "member", "chat.send", { text: "Is it still open?" });
    await act(second, "admin", "chat.send", { text: "I can still write." });
    await server.breakRule("isMember", null);
  },
  async role(stage) {
    const { clients, server } = stage;
    const [first] = clients;
    await letMemberIn(stage);
    await act(first, "member", "chat.send", { text: "I am listening." });
    await server.demote("member", true);
    await pause(2 * STEP);
  },
};

/**
 * Makes the buttons of the tour work, one at a time.
 *
 * @param {Iterable<HTMLButtonElement>} buttons
 * @param {Stage} stage
 */
export function prepareTour(buttons, stage) {
  let isRunning = false;
  const run = async (/** @type {string} */ name) => {
    if (isRunning) return;
    isRunning = true;
    cards.isRunning = true;
    stage.decisions.follow();
    await STEPS[name]?.(stage);
    cards.done(name);
    cards.isRunning = false;
    isRunning = false;
    if (isNarrow()) stage.decisions.reveal();
  };
  const cards = new TourCards(buttons, run);
}

/**
 * Ends the ban of an earlier step, without scrolling to the admin. The chat tells it to both clients. Gives a role back
 * that was taken away.
 *
 * @param {Stage} stage
 */
async function letMemberIn({ clients: [, second], server }) {
  await server.load();
  if (server.current?.demoted.includes("member")) await server.demote("member", false);
  if (!server.current?.banned.includes("member")) return;
  if (!second.isSignedInAs("admin")) await second.signIn("admin");
  await second.request("user.unban", { user: "member" });
}

/**
 * @param {Client} client
 * @param {string} account the client signs in with it first, if it has another one
 * @param {string} action
 * @param {Record<string, unknown>} payload
 */
export async function act(client, account, action, payload) {
  client.pane.dataset.acting = "true";
  client.chat.reveal();
  if (!client.isSignedInAs(account)) await client.signIn(account);
  await pause();
  const reply = await client.request(action, payload);
  const isRefused = reply !== undefined && reply.response_status >= 400;
  await pause(isRefused && isNarrow() ? READING_TIME : STEP);
  delete client.pane.dataset.acting;
}

export function pause(milliseconds = STEP) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
