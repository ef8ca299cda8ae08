// @ts-check
import { Client } from "./client.js";
import { prepareCode } from "./code-panel.js";
import { Decisions } from "./decisions.js";
import { playDemo } from "./demo.js";
import { byId } from "./dom.js";
import { prepareFaults } from "./fault-panel.js";
import { prepareParity } from "./parity.js";
import { PolicyEditor } from "./policy-editor.js";
import { ServerState } from "./server-state.js";
import { prepareTour } from "./tour.js";

const server = new ServerState();
const decisions = new Decisions(server);
const editor = new PolicyEditor(server);
prepareFaults(server, decisions);
prepareParity();
prepareCode(server);

const grid = byId("clients");
const addButton = byId("add-client");
let count = 0;

/** @param {string} account */
function addClient(account) {
  count += 1;
  const client = new Client(count, account, { decisions, server });
  grid.append(client.pane);
  return client;
}

/** @type {[Client, Client]} */
const pair = [addClient("member"), addClient("admin")];

addButton.addEventListener("click", () => {
  addClient("guest").makeRemovable(() => addButton.focus());
});

const stage = { clients: pair, server, editor, decisions };
prepareTour(document.querySelectorAll("button[data-tour]"), stage);
playDemo(stage);
