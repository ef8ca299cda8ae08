import { expect, test } from "vitest";
import { connect, runExample } from "../../test-support.js";

test("who is signed in speaks, a moderator bans, and a banned client is refused at its next message", async () => {
  const { url } = await runExample(import.meta.url);
  const ann = await connect(url, "ann-token");
  const bob = await connect(url, "bob-token");
  const guest = await connect(url);

  bob.send({ action: "say", text: "hello" });
  expect(await guest.next()).toEqual({ by: "bob", text: "hello" });
  guest.send({ action: "say", text: "me too" });
  expect(await guest.next()).toMatchObject({ action: "say", response_status: 401 });
  bob.send({ action: "ban", name: "ann" });
  expect(await bob.next()).toEqual({ by: "bob", text: "hello" });
  expect(await bob.next()).toMatchObject({ action: "ban", response_status: 403 });

  expect(await ann.next()).toEqual({ by: "bob", text: "hello" });
  ann.send({ action: "ban", name: "bob" });
  ann.send({ action: "say", text: "bye, bob" });
  expect(await bob.next()).toEqual({ by: "ann", text: "bye, bob" });
  bob.send({ action: "say", text: "still here" });
  expect(await bob.next()).toMatchObject({ action: "say", response_status: 403 });
});
