// A front end as it was written for Django: dcrf-client, unmodified. Only its server has moved.
import { createRequire } from "node:module";
import { WebSocket } from "ws";

// A CommonJS package with a `default` of its own.
const { default: dcrf } = createRequire(import.meta.url)("dcrf-client");

/**
 * Lists, creates and changes people, and says what happened.
 *
 * @param {string} url
 * @param {string} token
 */
export async function run(url, token) {
  const client = dcrf.connect(`${url}/?token=${token}`, { websocket: { WebSocket } });
  client.initialize();
  const told = [];
  const tell = async (what, request) => {
    try {
      told.push([what, await request]);
    } catch (refusal) {
      told.push([what, `${refusal.response_status} ${refusal.errors[0]}`]);
    }
  };
  await tell("list", client.list("people"));
  await tell("create", client.create("people", { name: "Eve" }));
  await tell("patch", client.patch("people", 1, { name: "Anna" }));
  await tell("delete", client.delete("people", 1));
  await client.close();
  return told;
}

if (process.argv[1]?.endsWith("client.mjs")) {
  const [, , url = "ws://127.0.0.1:3000", token = "bob-token"] = process.argv;
  for (const [what, answer] of await run(url, token)) console.log(what.padEnd(8), JSON.stringify(answer));
}
