import { describe, expect, it } from "vitest";
import { hasChromium } from "../../../test/chromium.js";
import { Faults } from "../src/faults.mjs";
import { expectText, Stage } from "./browser.js";

it("a decision rests on faults in force while it was made", async () => {
  const faults = new Faults();
  faults.set("isMember", "hangs");
  expect(faults.during(0)).toEqual({ isMember: "hangs" });
  faults.set("isMember", null);
  faults.set("hasLink", "throws");
  expect(faults.during(1000)).toEqual({ isMember: "hangs", hasLink: "throws" });
  faults.keep([]);
  await expect.poll(() => faults.during(1)).toEqual({});
});

describe.skipIf(!hasChromium)("Reset in Chromium", { timeout: 30_000 }, () => {
  const stage = Stage.prepare();
  const status = () => stage.page.locator("#fault-status");
  const reset = () => stage.page.getByRole("button", { name: "Reset" });

  it("names the faults of the last decision", async () => {
    await stage.open();
    await stage.breakRule("isMember", "throws");
    await stage.write(1, "Is it open?");
    await expectText(stage.explained(), "Refused: chat.send", "Rests on a fault: isMember (throws).");
    await reset().click();
    await expectText(status(), "All rules work again.");
    await expectText(status(), "chat.send of Client 1 was refused, and rested on isMember (throws).");
    await expectText(stage.explained(), "Rested on a fault that is reset now: isMember (throws).");
    await stage.write(1, "And now?");
    await expectText(stage.explained(), "Allowed: chat.send");
    expect(await stage.explained().getByText("fault").count()).toBe(0);
  });

  it("names a fault that hung until after the reset", async () => {
    await stage.open();
    await stage.breakRule("isMember", "never answers");
    await stage.write(1, "Is it open?");
    await reset().click();
    await expectText(
      stage.explained(),
      "Refused: chat.send",
      "Rested on a fault that is reset now: isMember (never answers).",
    );
  });

  it("says when the last decision rested on working rules only", async () => {
    await stage.open();
    await stage.breakRule("isMember", "throws");
    await stage.sendFrame(1, "ping");
    await expectText(stage.explained(), "Allowed: ping");
    await reset().click();
    await expectText(status(), "ping of Client 1 was allowed, and rested on working rules only.");
    await stage.breakRule("isMember", "rejects");
    await expect.poll(() => status().textContent()).toBe("");
  });
});
