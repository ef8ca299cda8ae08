// @ts-check

/** @typedef {import("./client.js").Client} Client */

/** Long enough to see one step before the next. */
const STEP = 700;
const LINK = "Look at https://example.com";

/**
 * The three things to try, done by the clients of the page.
 *
 * @type {Record<string, (first: Client, second: Client) => Promise<void>>}
 */
const STEPS = {
  async refused(first) {
    await act(first, "guest", "chat.send", { text: "Hello, may I join?" });
  },
  async why(first, second) {
    await act(second, "admin", "user.unban", { user: "member" });
    await act(first, "member", "chat.send", { text: LINK });
  },
  async ban(first, second) {
    await act(second, "admin", "user.unban", { user: "member" });
    await act(first, "member", "chat.send", { text: "Hello everybody!" });
    await act(second, "admin", "user.ban", { user: "member" });
    await act(first, "member", "chat.send", { text: "Can you still hear me?" });
  },
};

/**
 * Makes the buttons of the tour work, one at a time.
 *
 * @param {Iterable<HTMLButtonElement>} buttons
 * @param {[Client, Client]} clients
 * @param {() => void} begin called before each
 */
export function prepareTour(buttons, clients, begin) {
  const all = [...buttons];
  let isRunning = false;
  const run = async (/** @type {string | undefined} */ name = "") => {
    if (isRunning) return;
    isRunning = true;
    // Not `disabled`: the button that was pressed keeps the focus.
    for (const button of all) button.setAttribute("aria-disabled", "true");
    begin();
    await STEPS[name]?.(...clients);
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
async function act(client, account, action, payload) {
  client.pane.dataset.acting = "true";
  client.chat.reveal();
  if (!client.isSignedInAs(account)) await client.signIn(account);
  await pause();
  await client.request(action, payload);
  await pause();
  delete client.pane.dataset.acting;
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, STEP));
}
