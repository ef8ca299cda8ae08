// @ts-check
import { StreamServer } from "./stream-server.mjs";
import { TableServer } from "./table-server.mjs";

/** @typedef {import("./process.mjs").SimulatedProcess} Process */
/** @typedef {{ text: string, values: any[] }} Statement */

/**
 * A kind of log: its server, and the log as one process has it.
 *
 * @typedef {{ server: any, open: (process: Process) => any }} Kind
 */

/** @param {import("./world.mjs").World} world @returns {Kind} */
export function streamKind(world) {
  const server = new StreamServer(world.time, world.plan.keep);
  const open = (/** @type {Process} */ { product, link, checks }) =>
    new product.RedisLog({
      add: (/** @type {string} */ text) =>
        link.call(() => checks.appended(text, server.add(text)), { mayRepeat: true }),
      from: (/** @type {string} */ id, /** @type {number} */ most) =>
        link.call(() => checks.served(server.from(id, most))),
      last: () => link.call(() => checks.served(server.last())),
    });
  return { server, open };
}

/** @returns {Kind} */
export function tableKind() {
  const server = new TableServer();
  const open = (/** @type {Process} */ { product, link, checks }) => {
    const statements = product.statementsFor("revocations");
    /** @type {Record<string, (values: any[], xid?: number) => unknown>} */
    const known = {
      [statements.append]: (values, xid) => checks.appended(values[0], server.append(values, xid)),
      [statements.mark]: ([name]) => server.mark(name),
      [statements.adopt]: ([name, mark]) => server.adopt(name, mark),
      [statements.read]: ([from]) => checks.served(server.read(from)),
    };
    const query = async (/** @type {Statement} */ { text, values }, /** @type {number | undefined} */ xid) => {
      const rows = await link.call(() => known[text]?.(values, xid), { mayRepeat: text === statements.append });
      return { rows: rows ?? [] };
    };
    const log = new product.PostgresLog(
      { query: (/** @type {Statement} */ statement) => query(statement, undefined) },
      statements,
    );
    /** The client of a transaction. @param {number} xid */
    const clientOf = (xid) => ({
      query: (/** @type {string} */ text, /** @type {any[]} */ values) => query({ text, values }, xid),
    });
    return Object.assign(log, { clientOf });
  };
  return { server, open };
}
