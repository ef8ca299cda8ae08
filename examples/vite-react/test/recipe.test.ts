import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guard as guardIo } from "@portcullis/adapter-socketio";
import { guard as guardWs, json } from "@portcullis/adapter-ws";
import { and, definePolicy, HasRole, IsAuthenticated, not } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import type { Browser } from "playwright-core";
import { Server } from "socket.io";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { hasChromium, launchChromium } from "../../../test/chromium.js";

const RECIPE = readFileSync(new URL("../../../docs/recipes/reconnect.md", import.meta.url), "utf8");
const [overWs = "", overSocketio = ""] = [...RECIPE.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
const CLIENTS = { ws: overWs, "socket.io": overSocketio };
type Transport = keyof typeof CLIENTS;

test("the example has the client of the recipe", () => {
  expect(readFileSync(new URL("../src/keep-open.js", import.meta.url), "utf8")).toBe(overWs);
});

const PAGE = `<!doctype html>
<script type="importmap">{ "imports": { "socket.io-client": "/socket.io/socket.io.esm.min.js" } }</script>
<script type="module">
  import { keepOpen } from "/client.js";
  globalThis.states = [];
  globalThis.asked = 0;
  const token = async () => {
    asked += 1;
    await globalThis.held;
    return (await fetch("/token")).json();
  };
  const onState = (...told) => states.push(told.filter(Boolean).join(" "));
  globalThis.client = keepOpen(location.origin.replace(/^http/, new URLSearchParams(location.search).get("scheme")), { token, onState, onMessage() {} });
</script>`;

/** Run before the page: `token()` waits for a call of `goOn()`. */
const HOLD = "globalThis.held = new Promise((resolve) => (globalThis.goOn = resolve))";

const isAllowedIn = and(IsAuthenticated, not(HasRole("banned"), { code: "banned" }));
const policy = definePolicy({ connect: isAllowedIn, permissions: IsAuthenticated });

/** What survives a restart of the server: the session of the client, and its history. */
class World {
  readonly user = { id: "ann", roles: [] as string[] };
  /** Milliseconds. */
  life = 3_600_000;
  isSignedIn = true;
  /** True while the database of `authenticate` cannot be reached. */
  isDown = false;
  /** True while a middleware of the application refuses every client of socket.io. */
  isFull = false;
  /** Handshakes and renewals, as `onDecision` hears them. */
  readonly decided: string[] = [];
  revocations = memoryRevocations();

  /** The answer of `/token`. The page always gets a token, so that only the guard refuses it. */
  token = () => JSON.stringify(String(Date.now() + this.life));

  read(token: unknown) {
    if (this.isDown) throw new Error("down");
    return { user: this.isSignedIn ? this.user : null, end: Number(token) };
  }

  options() {
    return {
      origins: "*" as const,
      onDecision: ({ phase, decision }: { phase: string; decision: { code: string } }) =>
        void this.decided.push(`${phase} ${decision.code}`),
      identify: ({ user, end }: ReturnType<World["read"]>) => ({
        ...(user && { subjects: [`user:${user.id}`] }),
        expiresAt: end,
      }),
      continuity: continuity({ renew: { action: "auth.renew" }, revocations: this.revocations }),
    };
  }
}

async function serve(world: World, transport: Transport, port = 0) {
  const files: Record<string, [type: string, text: () => string]> = {
    "/": ["text/html", () => PAGE],
    "/client.js": ["text/javascript", () => CLIENTS[transport]],
    "/token": ["application/json", world.token],
  };
  const http = createServer((request, response) => {
    const file = files[(request.url ?? "").replace(/\?.*/, "")];
    if (file === undefined) response.writeHead(204).end();
    else response.writeHead(200, { "content-type": file[0] }).end(file[1]());
  });
  const io = transport === "socket.io" ? new Server(http) : undefined;
  io?.use((_socket, next) => next(world.isFull ? new Error("full") : undefined));
  const guarded = io
    ? guardIo(io, policy, {
        ...world.options(),
        authenticate: ({ handshake }, { renewal }) => world.read(renewal ? renewal.token : handshake.auth.token),
      })
    : guardWs(new WebSocketServer({ server: http }), policy, {
        ...world.options(),
        authenticate: ({ headers }, { renewal }) =>
          world.read(renewal ? renewal.token : headers["sec-websocket-protocol"]?.split(/,\s*/)[1]),
        codec: json(),
        refuse: "close",
      });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  const close = async () => {
    await guarded.close();
    await io?.close();
    http.closeAllConnections();
    http.close();
  };
  return { port: (http.address() as AddressInfo).port, close };
}

describe.skipIf(!hasChromium).each(["ws", "socket.io"] as const)(
  "the client of the recipe over %s in Chromium",
  { timeout: 120_000 },
  (transport) => {
    let browser: Browser;
    const complaints: string[] = [];
    beforeAll(async () => {
      browser = await launchChromium();
    }, 60_000);
    afterAll(() => browser?.close());
    afterEach(() => expect(complaints.splice(0)).toEqual([]));

    async function open(world: World, script = "") {
      let server = await serve(world, transport);
      const page = await browser.newPage();
      onTestFinished(async () => {
        await page.close();
        await server.close();
      });
      page.on("pageerror", (error) => complaints.push(String(error)));
      await page.clock.install();
      await page.addInitScript(script);
      await page.goto(`http://127.0.0.1:${server.port}/?scheme=${transport === "ws" ? "ws" : "http"}`);
      const states = () => page.evaluate("states") as Promise<string[]>;
      const reaches = (state: string) =>
        expect.poll(async () => (await states()).at(-1), { timeout: 30_000 }).toBe(state);
      return {
        page,
        states,
        reaches,
        restart: async () => {
          const { port } = server;
          await server.close();
          await reaches("waiting");
          server = await serve(world, transport, port);
        },
        /** Lets ten minutes of the page pass, in which nothing may be asked. */
        async staysAway(state: string) {
          await reaches(state);
          const before = world.decided.length;
          await page.clock.fastForward("10:00");
          await page.evaluate("fetch('/token')");
          expect(await states().then((all) => all.at(-1))).toBe(state);
          expect(world.decided.slice(before)).toEqual([]);
        },
      };
    }

    test("renews a token near its end", async () => {
      const world = new World();
      world.life = 8_000;
      const { states, reaches } = await open(world);
      await reaches("open");
      world.life = 3_600_000;
      await expect.poll(() => world.decided, { timeout: 30_000 }).toContain("renew allowed");
      expect((await states()).filter((state) => state !== "connecting")).toEqual(["open"]);
    });

    test("renews once its token has ended", async () => {
      const world = new World();
      world.life = 4_000;
      const { page, reaches, states } = await open(world);
      await reaches("open");
      world.life = 3_600_000;
      await page.evaluate(`void (${HOLD})`);
      // At the warning, which is held, and at the end.
      await expect.poll(() => page.evaluate("asked"), { timeout: 30_000 }).toBe(3);
      await page.evaluate("void goOn()");
      await expect.poll(() => world.decided, { timeout: 30_000 }).toContain("renew allowed");
      expect((await states()).filter((state) => state !== "connecting")).toEqual(["open"]);
    });

    test("asks for a sign-in once it is revoked", async () => {
      const world = new World();
      const { reaches, staysAway } = await open(world);
      await reaches("open");
      world.isSignedIn = false;
      await world.revocations.revoke("user:ann");
      await staysAway("sign-in not_authenticated");
    });

    test("asks for a sign-in where its token is refused", async () => {
      const world = new World();
      world.isSignedIn = false;
      await (await open(world)).staysAway("sign-in not_authenticated");
    });

    test("stays away once its user is banned", async () => {
      const world = new World();
      const { reaches, staysAway } = await open(world);
      await reaches("open");
      world.user.roles.push("banned");
      await world.revocations.refresh("user:ann");
      await staysAway("denied banned");
    });

    test("stays away where its user is banned already", async () => {
      const world = new World();
      world.user.roles.push("banned");
      await (await open(world)).staysAway("denied banned");
    });

    test("asks for a new token once where its token has ended", async () => {
      const world = new World();
      const lives = [-1_000];
      world.token = () => JSON.stringify(String(Date.now() + (lives.pop() ?? 3_600_000)));
      const { reaches } = await open(world);
      await reaches("open");
      await expect.poll(() => world.decided).toEqual(["connect token_expired", "connect allowed"]);
    });

    test("comes back after a fault of the server", async () => {
      const world = new World();
      world.isDown = true;
      const { reaches } = await open(world);
      await reaches("waiting");
      world.isDown = false;
      await reaches("open");
      await expect.poll(() => world.decided.at(-1)).toBe("connect allowed");
    });

    test("renews ever later while the server has a fault", async () => {
      const world = new World();
      world.life = 8_000;
      const { states, reaches } = await open(world);
      await reaches("open");
      world.isDown = true;
      const faults = () => world.decided.filter((decided) => decided === "renew permission_error").length;
      await expect.poll(faults, { timeout: 30_000 }).toBe(3);
      world.life = 3_600_000;
      world.isDown = false;
      await expect.poll(() => world.decided, { timeout: 30_000 }).toContain("renew allowed");
      expect([faults(), (await states()).filter((state) => state !== "connecting")]).toEqual([3, ["open"]]);
    });

    test.each(["goOn()", "goOn(Promise.reject(new Error('offline')))"])(
      "stays away once it is stopped before its token is there: %s",
      async (goOn) => {
        const world = new World();
        const { page, reaches, staysAway } = await open(world, HOLD);
        await reaches("connecting");
        await expect.poll(() => page.evaluate("asked")).toBe(1);
        await page.evaluate("client.stop()");
        await page.evaluate(`void ${goOn}`);
        await staysAway("connecting");
      },
    );

    if (transport === "ws") {
      test("tells of a token that a browser cannot send", async () => {
        const world = new World();
        world.token = () => JSON.stringify("a token");
        const { page, states } = await open(world);
        await expect.poll(async () => (await states()).at(-1)).toMatch(/^denied .*subprotocol 'a token' is invalid/);
        expect([await page.evaluate("asked"), world.decided]).toEqual([1, []]);
      });
    }

    if (transport === "socket.io") {
      test("asks for a further token where its connection is lost", async () => {
        const world = new World();
        const { page, reaches, states } = await open(world, HOLD);
        await expect.poll(() => page.evaluate("asked")).toBe(1);
        await page.evaluate("held = undefined, void client.socket.io.engine.close()");
        await reaches("open");
        // The token of the connection that was lost comes at last.
        await page.evaluate("void goOn()");
        await page.evaluate("new Promise((resolve) => setTimeout(resolve, 1000))");
        expect([(await states()).at(-1), world.decided]).toEqual(["open", ["connect allowed"]]);
      });

      test("stays away where a middleware refuses it", async () => {
        const world = new World();
        world.isFull = true;
        await (await open(world)).staysAway("denied full");
      });
    }

    test("comes back after a restart of the server", async () => {
      const world = new World();
      const { reaches, restart } = await open(world);
      await reaches("open");
      await restart();
      await reaches("open");
    });
  },
);
