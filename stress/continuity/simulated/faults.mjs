// @ts-check

/** @typedef {import("./world.mjs").World} World */

/** Milliseconds between two records of a storm about one user, and of the whole storm. */
const STORM = { pace: 15, long: 450 };

/** @type {Record<string, (world: World) => Promise<unknown>>} */
export const FAULTS = {
  async "kill of a process"(world) {
    const at = world.draws.oneOf([0, 1, 2]);
    world.kill(at);
    await world.time.pause(world.draws.between(10, 500));
    world.start(at);
    // Its first position may come long after its first clients.
    if (world.draws.oneOf([true, false])) await network(world, "deaf", world.processes[at]);
  },
  async "crash of the server"(world) {
    if (world.isServerDown) return;
    world.isServerDown = true;
    world.kind.server.restart();
    const isEmpty = world.draws.oneOf([true, false]);
    await world.time.pause(world.draws.between(10, 1_500));
    if (isEmpty) world.kind.server.wipe();
    world.serverIsBack();
  },
  async "failover to a stale replica"(world) {
    const takeOver = world.kind.server.cutOff();
    await world.time.pause(world.draws.between(50, 1_500));
    takeOver(world.draws.oneOf([0, world.draws.between(-5_000, 5_000)]));
    for (const { link } of world.processes) link.set("open");
  },
  async "records deleted"(world) {
    world.kind.server.wipe();
  },
  "no network": (world) => network(world, "deaf"),
  "answers lost": (world) => network(world, "mute"),
  async "event loop stalled"(world) {
    world.draws.oneOf(world.processes).stall(world.draws.between(50, 1_500));
  },
  async "client leaves"(world) {
    world.draws.oneOf(world.clients).leave();
  },
  async "storm of records"(world) {
    const { draws, truth, time } = world;
    const client = draws.oneOf(world.clients);
    client.leave();
    for (let past = 0; past < STORM.long; past += STORM.pace) {
      truth.disturb(client.user);
      for (const process of world.processes) world.refresh(process, client.user);
      await time.pause(STORM.pace);
    }
  },
};

/** @param {World} world @param {"mute" | "deaf"} mode @param {import("./process.mjs").SimulatedProcess} [process] */
async function network({ processes, draws, time }, mode, process = draws.oneOf(processes)) {
  process.link.set(mode);
  await time.pause(draws.between(50, 2_500));
  process.link.set("open");
}
