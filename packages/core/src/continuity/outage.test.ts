import { AllowAny, definePolicy } from "@portcullis/core";
import { afterEach, expect, test, vi } from "vitest";
import { useFakeTime } from "../../test/fake-time.js";
import { type LastingConnection, lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

const policy = definePolicy({ actions: { say: AllowAny } });

/** A guard whose `authenticate` takes 20 ms. For clients of a sick shard it hangs, or fails at once. */
function server(every: number) {
  const state = { sick: "", isHanging: false, asked: [] as string[] };
  const revocations = memoryRevocations();
  const made = lasting(
    policy,
    async (client) => {
      state.asked.push(client);
      if (state.sick !== "" && client.startsWith(state.sick)) {
        if (state.isHanging) await new Promise(() => {});
        throw new Error("the database is down");
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { client };
    },
    {
      identify: ({ client }: { client: string }) => ({ subjects: [client, "all"] }),
      revalidate: { every },
      revocations,
    },
    { timeout: { connect: 1_000 } },
  );
  const openAll = async (name: string, count: number) => {
    const opened = Array.from({ length: count }, (_, at) => made.open(`${name} ${at}`));
    await vi.advanceTimersByTimeAsync(100);
    return Promise.all(opened);
  };
  return { ...made, state, revocations, openAll };
}

/** Lets connections send each half of a second, for so many seconds. */
async function talk(connections: readonly LastingConnection[], seconds: number): Promise<void> {
  for (let half = 0; half < 2 * seconds; half++) {
    for (const one of connections) if (!one.session.isEnded) one.send("say");
    await vi.advanceTimersByTimeAsync(500);
  }
}

const isOpen = ({ session }: LastingConnection) => !session.isEnded;

test("clients whose authentication hangs keep no other client out", async () => {
  const { state, openAll } = server(20_000);
  const sick = await openAll("sick", 100);
  const silent = await openAll("silent", 200);
  const talking = await openAll("talking", 20);
  Object.assign(state, { sick: "sick", isHanging: true });
  // The first authentications hang beside all others: nobody knows yet which clients are sick.
  await talk([...sick, ...talking], 40);
  for (const { wire } of talking) wire.log.length = 0;
  await talk([...sick, ...talking], 60);
  expect([sick, silent, talking].map((all) => all.filter(isOpen).length)).toEqual([0, 200, 20]);
  const refused = talking.flatMap(({ wire }) => wire.sent).filter((line) => !line.startsWith("deliver"));
  expect(refused).toEqual([]);
});

test("faults that come at once are no storm", async () => {
  const { state, openAll, revocations } = server(600_000);
  const all = await openAll("ann", 500);
  state.sick = "ann";
  state.asked = [];
  void revocations.refresh("all");
  await talk(all, 20);
  // Ten places, each of which rests for 100 ms after a fault. Those of retries are half of them.
  expect(state.asked.length).toBeLessThan(500 + 20 * 50);
  expect(all.filter(isOpen)).toHaveLength(500);
});

test("clients that send are let in soon after an outage", async () => {
  const { state, openAll, revocations } = server(600_000);
  const all = await openAll("ann", 100);
  Object.assign(state, { sick: "ann", isHanging: true });
  void revocations.refresh("all");
  await talk(all, 30);
  state.sick = "";
  await talk(all, 4);
  for (const { wire } of all) wire.log.length = 0;
  await talk(all, 1);
  for (const { wire } of all) expect(wire.sent).toEqual(["deliver say", "deliver say"]);
});

test("a message is held where no timer has told that an answer is too old", async () => {
  const { state, openAll } = server(20_000);
  const [ann] = (await openAll("ann", 1)) as [LastingConnection];
  Object.assign(state, { sick: "ann", isHanging: true });
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + 20_001);
  ann.send("say");
  vi.mocked(performance.now).mockRestore();
  expect([ann.wire.sent, ann.session.identity?.state]).toEqual([[], "pending"]);
});

/** A connection whose authentication fails at once. The first retry comes after half a second. */
async function failing() {
  const { state, openAll } = server(600_000);
  const [ann] = (await openAll("ann", 1)) as [LastingConnection];
  // The longest part is left out of each wait.
  vi.spyOn(Math, "random").mockReturnValue(1);
  state.sick = "ann";
  state.asked = [];
  return { state, ann };
}

test("a message that waits does not put an early attempt off", async () => {
  const { state, ann } = await failing();
  void ann.session.refresh();
  ann.send("say");
  await vi.advanceTimersByTimeAsync(490);
  expect(state.asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(50);
  expect(state.asked).toHaveLength(2);
});

test("a message that comes later does not put an early attempt off", async () => {
  const { state, ann } = await failing();
  void ann.session.refresh();
  await vi.advanceTimersByTimeAsync(200);
  ann.send("say");
  await vi.advanceTimersByTimeAsync(290);
  expect(state.asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(50);
  expect(state.asked).toHaveLength(2);
});
