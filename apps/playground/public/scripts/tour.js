// @ts-check

/**
 * @typedef {import("./client.js").Client} Client
 *
 * Everything a story is played with.
 *
 * @typedef {object} Stage
 * @property {[Client, Client]} clients
 * @property {import("./server-state.js").ServerState} server
 * @property {import("./policy-editor.js").PolicyEditor} editor
 * @property {import("./decisions.js").Decisions} decisions
 */

/** Long enough to see one step before the next. */
const STEP = 450;
const LINK = "Look at https://example.com";

/**
 * The things to try, done by the clients of the page.
 *
 * @type {Record<string, (stage: Stage) => Promise<void>>}
 */
const STEPS = {
  async refused({ clients: [first] }) {
    await act(first, "guest", "chat.send", { text: "Hello, may I join?" });
  },
  async why({ clients: [first, second] }) {
    await act(second, "admin", "user.unban", { user: "member" });
    await act(first, "member", "chat.send", { text: LINK });
  },
  async ban({ clients: [first, second] }) {
    await act(second, "admin", "user.unban", { user: "member" });
    await act(first, "member", "chat.send", { text: "Hello everybody!" });
    await act(second, "admin", "user.ban", { user: "member" });
    await act(first, "member", "chat.send", { text: "Can you still hear me?" });
  },
  async fault({ clients: [first, second], server }) {
    await act(second, "admin", "user.unban", { user: "member" });
    await server.breakRule("isMember", "throws");
    await act(first, "member", "chat.send", { text: "Is it still open?" });
    await act(second, "admin", "chat.send", { text: "I can still write." });
    await server.breakRule("isMember", null);
  },
};

/**
 * Makes the buttons of the tour work, one at a time.
 *
 * @param {Iterable<HTMLButtonElement>} buttons
 * @param {Stage} stage
 */
export function prepareTour(buttons, stage) {
  const all = [...buttons];
  let isRunning = false;
  const run = async (/** @type {string | undefined} */ name = "") => {
    if (isRunning) return;
    isRunning = true;
    // Not `disabled`: the button that was pressed keeps the focus.
    for (const button of all) button.setAttribute("aria-disabled", "true");
    stage.decisions.follow();
    await STEPS[name]?.(stage);
    for (const button of all) button.removeAttribute("aria-disabled");
    isRunning = false;
  };
  for (const button of all) button.addEventListener("click", () => run(button.dataset.tour));
}

/**
 * @param {Client} client
 * @param {string} account signed in as it first, unless it is already
 * @param {string} action
 * @param {Record<string, unknown>} payload
 */
export async function act(client, account, action, payload) {
  client.pane.dataset.acting = "true";
  client.chat.reveal();
  if (!client.isSignedInAs(account)) await client.signIn(account);
  await pause();
  await client.request(action, payload);
  await pause();
  delete client.pane.dataset.acting;
}

export function pause(milliseconds = STEP) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
