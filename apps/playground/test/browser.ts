import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { launchChromium } from "../../../test/chromium.js";
import { start } from "../src/start.mjs";

export type Transport = "ws" | "socket.io" | "polling" | "HTTP";

/** A playground and a browser for the tests of one file. Console errors and requests to other hosts fail the test. */
export class Stage {
  playground!: Awaited<ReturnType<typeof start>>;
  page!: Page;
  #browser!: Browser;
  readonly #complaints: string[] = [];
  readonly #outside: string[] = [];

  /** Begins and ends with the tests of the `describe` it is called in. */
  static prepare(options: Parameters<typeof start>[0] = {}): Stage {
    const stage = new Stage();
    beforeAll(async () => {
      stage.#browser = await launchChromium();
    }, 60_000);
    afterAll(() => stage.#browser?.close());
    beforeEach(async () => {
      stage.playground = await start(options);
    });
    afterEach(async () => {
      for (const context of stage.#browser.contexts()) await context.close();
      await stage.playground.close();
      expect(stage.#complaints.splice(0)).toEqual([]);
      expect(stage.#outside.splice(0)).toEqual([]);
    });
    return stage;
  }

  /** Opens the page, and waits until both clients have read the chat. */
  async open(options: BrowserContextOptions = { viewport: { width: 1440, height: 900 } }, path = "/"): Promise<Page> {
    const page = await this.#browser.newPage(options);
    this.page = page;
    page.setDefaultTimeout(10_000);
    page.on("console", (message) => {
      // The browser logs every refused request as an error.
      if (/Failed to load resource.*status of (40\d|422|429|500|503)/.test(message.text())) return;
      if (["error", "warning"].includes(message.type())) this.#complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(`${this.playground.url}/`)) this.#outside.push(request.url());
    });
    await page.goto(this.playground.url + path);
    await page.getByRole("button", { name: /chat\.watch Client 2/ }).waitFor();
    return page;
  }

  client = (number: number) => this.page.getByRole("article", { name: `Client ${number}`, exact: true });
  chat = (number: number) => this.client(number).getByLabel(`The chat as Client ${number} sees it`);
  explained = () => this.page.getByRole("article", { name: /Refused|Allowed/ });
  status = () => this.page.locator("#policy-status");
  editor = () => this.page.getByRole("textbox", { name: "Rules" });

  async signIn(number: number, account: string): Promise<void> {
    await this.#choose(number, account, `Client ${number}, ${account}`);
  }

  async switchTo(number: number, transport: Transport): Promise<void> {
    await this.#choose(number, transport, `Client ${number}`, transport === "HTTP" ? "chat.history" : "chat.watch");
  }

  /** Chooses an account or a transport, and waits until the client has read the chat with it. */
  async #choose(number: number, label: string, who: string, reading = "chat.(watch|history)"): Promise<void> {
    const read = this.page.getByRole("button", { name: new RegExp(`${reading} ${who}`, "i") });
    const before = await read.count();
    await this.client(number).getByText(label, { exact: true }).first().click();
    await expect.poll(() => read.count(), { timeout: 10_000 }).toBe(before + 1);
  }

  async write(number: number, text: string): Promise<void> {
    await this.client(number)
      .getByRole("textbox", { name: `Message of Client ${number}` })
      .fill(text);
    await this.client(number).getByRole("button", { name: "Send", exact: true }).click();
  }

  async sendFrame(number: number, sample: string): Promise<void> {
    const button = this.client(number).getByRole("button", { name: "Send frame" });
    if (!(await button.isVisible())) await this.client(number).getByText("Send any action").click();
    await this.client(number).getByText(sample, { exact: true }).click();
    await button.click();
  }

  /** Writes a policy in the editor, and puts it in force. */
  async apply(text: string): Promise<void> {
    await this.editor().fill(text);
    await this.page.getByRole("button", { name: "Apply" }).click();
  }

  async breakRule(rule: string, fault: string): Promise<void> {
    await this.page.getByLabel(rule, { exact: true }).selectOption({ label: fault });
    if (fault !== "works") await this.page.locator(`li[data-broken]`, { hasText: rule }).waitFor();
  }

  /** Opens another page, as another browser would. */
  async another(path = "/"): Promise<Stage> {
    const other = new Stage();
    other.#browser = this.#browser;
    other.playground = this.playground;
    await other.open(undefined, path);
    return other;
  }
}

export async function expectText(place: Locator, ...texts: (string | RegExp)[]): Promise<void> {
  for (const text of texts) await place.getByText(text).first().waitFor();
}
