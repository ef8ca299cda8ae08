// @ts-check

/** @typedef {import("./world.mjs").World} World */
/** @typedef {import("./process.mjs").SimulatedProcess} Process */

/** Milliseconds of a ban, of the wait between two, of a transaction, and until a new record is lost. */
const LONG = { ban: [200, 5_000], between: [100, 600], transaction: [20, 500], loss: [5, 40] };
/** The share of bans whose records are lost soon. */
const LOST = 0.25;

/** Bans users, and forgives them, until it is told to stop. @param {World} world @param {number} end */
export async function banUsers(world, end) {
  const { draws, time, truth } = world;
  while (time.now < end) {
    await pause(world, LONG.between);
    const user = drawUser(world);
    const process = draws.oneOf(world.processes);
    if (truth.isAllowed(user) && !process.isDead && process.stalledUntil <= time.now) void ban(world, user, process);
  }
}

/** A user, rather one who is being admitted. @param {World} world */
function drawUser({ draws, clients, users }) {
  const early = clients.filter(({ attempt }) => attempt && !attempt.isOpen).map(({ user }) => user);
  return draws.oneOf([users, early.length > 0 ? early : users][draws.oneOf([0, 1])] ?? users);
}

/** @param {World} world @param {string} user @param {Process} process */
async function ban(world, user, process) {
  const { draws, truth } = world;
  const way = draws.oneOf(["revoke", "revoke", "revoke", "refresh", "nothing", "transaction"]);
  if (way === "transaction" && process.log.clientOf) {
    if (!(await banInTransaction(world, user, process))) return;
  } else {
    const made = truth.ban(user);
    if (way === "revoke" || way === "refresh") {
      made.here.add(process);
      world.announce(process, way, user);
      if (draws.between(0, 1) < LOST) void pause(world, LONG.loss).then(() => world.kind.server.wipe());
    }
  }
  await pause(world, LONG.ban);
  truth.forgive(user);
}

/**
 * The ban, and its record, are written in one transaction.
 *
 * @param {World} world @param {string} user @param {Process} process @returns {Promise<boolean>} false where it has failed
 */
async function banInTransaction({ kind, draws, time, truth }, user, process) {
  const xid = kind.server.begin();
  const client = process.log.clientOf(xid);
  let isWritten = false;
  process.revocations.revoke(`user:${user}`, { client }).then(
    () => {
      isWritten = true;
    },
    () => undefined,
  );
  await pause({ draws, time }, LONG.transaction);
  const isCommitted = isWritten && draws.between(0, 1) < 0.6 && truth.isAllowed(user) && kind.server.commit(xid);
  if (isCommitted) truth.ban(user);
  else kind.server.abort(xid);
  truth.unprepare(user);
  return isCommitted;
}

/** @param {Pick<World, "draws" | "time">} world @param {number[]} range */
function pause({ draws, time }, [least = 0, most = 0]) {
  return time.pause(draws.between(least, most));
}
