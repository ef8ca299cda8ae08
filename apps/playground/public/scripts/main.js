// @ts-check
import { Client } from "./client.js";
import { Decisions } from "./decisions.js";
import { byId } from "./dom.js";
import { prepareTour } from "./tour.js";

const MOST_CLIENTS = 4;

const decisions = new Decisions();
const grid = byId("clients");
let count = 0;

const addButton = /** @type {HTMLButtonElement} */ (byId("add-client"));

/** @param {string} account */
function addClient(account) {
  count += 1;
  const client = new Client(count, account, decisions);
  grid.append(client.pane);
  return client;
}

/** @type {[Client, Client]} */
const pair = [addClient("member"), addClient("admin")];

addButton.addEventListener("click", () => {
  addClient("guest").makeRemovable(() => {
    addButton.disabled = false;
    addButton.focus();
  });
  addButton.disabled = grid.children.length >= MOST_CLIENTS;
});

prepareTour(/** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-tour]")), pair, () =>
  decisions.follow(),
);
