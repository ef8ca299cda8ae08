import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasChromium } from "../../../test/chromium.js";
import { Pages } from "../src/pages.mjs";
import { start } from "../src/start.mjs";
import { Stage } from "./browser.js";
import { ChatClient } from "./chat-client.js";

/** Milliseconds. Short, but longer than opening a connection takes. */
const GRACE = 400;

async function signInFrom(url: string, page: string | undefined): Promise<string> {
  const response = await fetch(`${url}/login`, {
    method: "POST",
    headers: page ? { "x-page": page } : {},
    body: new URLSearchParams({ username: "member", password: "member" }),
  });
  return ((await response.json()) as { session: string }).session;
}

const statusOf = async (url: string, session: string) =>
  (await fetch(`${url}/messages`, { headers: { "x-session": session } })).status;

describe("a session of a page", () => {
  let playground: Awaited<ReturnType<typeof start>>;
  let url: string;
  beforeEach(async () => {
    playground = await start({ grace: GRACE });
    url = playground.url;
  });
  afterEach(() => playground.close());
  const watch = async (page: string) => {
    const line = await ChatClient.open(url, { path: "observe", protocols: [`page.${page}`] });
    await line.request("decisions.watch");
    return line;
  };

  it("ends when the page is closed, and no other does", async () => {
    const closing = await watch("closing");
    await watch("staying");
    const gone = await signInFrom(url, "closing");
    const stays = await signInFrom(url, "staying");
    const ownJar = await signInFrom(url, undefined);
    expect(await statusOf(url, gone)).toBe(200);
    closing.close();
    await expect.poll(() => statusOf(url, gone), { timeout: 5000 }).toBe(401);
    expect(await statusOf(url, stays)).toBe(200);
    expect(await statusOf(url, ownJar)).toBe(200);
  });

  it("stays when the page connects again in time", async () => {
    const first = await watch("mine");
    const session = await signInFrom(url, "mine");
    first.close();
    await watch("mine");
    await pause(2 * GRACE);
    expect(await statusOf(url, session)).toBe(200);
  });

  it("ends when the page never connects", async () => {
    const session = await signInFrom(url, "silent");
    await expect.poll(() => statusOf(url, session), { timeout: 5000 }).toBe(401);
  });
});

it("a closed page is forgotten, also after two subscriptions", async () => {
  const signedOut: string[] = [];
  const pages = new Pages((session: string) => signedOut.push(session), 0);
  const line = new AbortController();
  pages.watch("one", line.signal);
  pages.watch("one", line.signal);
  pages.signedIn("one", "first");
  pages.signedIn("one", "second");
  pages.signedOut("one", "first");
  await pause(10);
  expect(pages.size).toBe(1);
  line.abort();
  await expect.poll(() => pages.size).toBe(0);
  expect(signedOut).toEqual(["second"]);
});

describe.skipIf(!hasChromium)("a page in Chromium", { timeout: 30_000 }, () => {
  const stage = Stage.prepare({ grace: GRACE });

  it("signs its clients out when it is loaded anew, and signs in anew", async () => {
    const page = await stage.open();
    const sessions: string[] = [];
    page.on("response", async (response) => {
      if (response.url().endsWith("/login")) sessions.push((await response.json()).session);
    });
    await stage.signIn(1, "Guest");
    await expect.poll(() => sessions.length).toBe(1);
    const [session = ""] = sessions;
    expect(await statusOf(stage.playground.url, session)).toBe(200);
    await page.reload();
    await page.getByRole("button", { name: /chat\.watch Client 2/ }).waitFor();
    await expect.poll(() => statusOf(stage.playground.url, session), { timeout: 5000 }).toBe(401);
    await stage.write(1, "Here again");
    await stage.chat(2).getByText("Here again").waitFor();
  });
});
