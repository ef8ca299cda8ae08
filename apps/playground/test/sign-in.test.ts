import { describe, expect, it } from "vitest";
import { hasChromium } from "../../../test/chromium.js";
import { expectText, Stage } from "./browser.js";

describe.skipIf(!hasChromium)("a sign-in in Chromium", { timeout: 60_000 }, () => {
  const stage = Stage.prepare();
  const press = (place: Stage, number: number, name: string) =>
    place.client(number).getByRole("button", { name }).click();
  const signInOf = (number: number) => stage.client(number).getByRole("group", { name: `Sign-in of Client ${number}` });

  it.each(["ws", "socket.io", "polling"] as const)("counts down, and is renewed over %s", async (transport) => {
    await stage.open();
    if (transport !== "ws") await stage.switchTo(1, transport);
    await expectText(signInOf(1), /^Signed in for (10:00|9:[0-5]\d)$/);
    await press(stage, 1, "Renew");
    await expectText(stage.chat(1), "auth.renew");
    await expectText(stage.client(1).getByLabel("Frames of Client 1"), /"expires(In|_in)":(600|59\d)/);
  });

  it("is not shown without a socket or a user", async () => {
    await stage.open();
    await stage.switchTo(1, "HTTP");
    expect(await signInOf(1).count()).toBe(0);
    await stage.signIn(2, "Not signed in");
    expect(await signInOf(2).count()).toBe(0);
  });

  it.each([
    ["ws", "Closed: 4401 revoked"],
    ["socket.io", "Closed: 401 revoked"],
  ] as const)("ends everywhere else, also over %s", async (transport, state) => {
    await stage.open();
    const other = await stage.another();
    if (transport !== "ws") await other.switchTo(1, transport);
    await press(stage, 1, "Sign out everywhere else");
    await expectText(other.client(1), state, "revoked");
    await expectText(other.client(2), "Connected");
    await expectText(stage.client(1), "Connected", "Signed out everywhere else.");
    await press(other, 1, "Connect again");
    await expectText(other.client(1), "Connected");
  });

  it.each(["ws", "socket.io"] as const)("loses its role while it listens over %s", async (transport) => {
    await stage.open();
    if (transport !== "ws") await stage.switchTo(1, transport);
    await press(stage, 1, "Take the role away");
    await expectText(stage.chat(1), "403", "chat.watch: You do not have permission to perform this action.");
    await expectText(stage.explained(), "Refused: chat.watch", "HasRole(guest, member, admin)");
    await stage.write(2, "Only for members");
    await expectText(stage.chat(2), "Only for members");
    expect(await stage.chat(1).getByText("Only for members").count()).toBe(0);
    await press(stage, 1, "Give the role back");
    await expectText(stage.chat(1), "Only for members");
    await stage.write(2, "Here again");
    await expectText(stage.chat(1), "Here again");
  });
});

describe.skipIf(!hasChromium)("a sign-in of eight seconds in Chromium", { timeout: 60_000 }, () => {
  const stage = Stage.prepare({ life: 8 });

  it("ends the connection, and begins anew", async () => {
    await stage.open();
    await expectText(stage.chat(1), "auth.expired");
    await stage.client(1).getByText("Closed: 4401 token_expired").waitFor({ timeout: 30_000 });
    await stage.client(1).getByRole("button", { name: "Connect again" }).click();
    await expectText(stage.client(1), "Connected");
  });
});
