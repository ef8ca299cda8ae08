import express from "express";
import express4 from "express4";
import Koa from "koa";
import Koa2 from "koa2";
import type { Middlewares } from "../../src/index.js";
import { chainOf, type Made, type Setting } from "./row.js";

/** The tested versions of each framework. */
export const VERSIONS = { express: ["express", "express4"], koa: ["koa", "koa2"] } as const;

const EXPRESS: Record<string, typeof express> = { express, express4: express4 as never };
const KOA: Record<string, typeof Koa> = { koa: Koa, koa2: Koa2 as never };

const passExpress = (_request: unknown, _response: unknown, next: () => void) => next();
const passKoa = (_context: unknown, next: () => unknown) => next();

/** Makes the chain of a row, with an application of its own. */
export async function prepare({
  row,
  version,
  isLeftOut = false,
}: Setting): Promise<
  { made: Made; chain: Middlewares } & (
    | { framework: "express"; express: typeof express; app: express.Application }
    | { framework: "koa"; app: Koa }
  )
> {
  if (row.framework === "express") {
    const used = EXPRESS[version] as typeof express;
    const app = used();
    const made = await row.make({ express: used, app });
    return { framework: "express", express: used, app, made, chain: chainOf(made, isLeftOut, passExpress) };
  }
  const app = new (KOA[version] as typeof Koa)();
  app.silent = true;
  const made = await row.make({ app });
  return { framework: "koa", app, made, chain: chainOf(made, isLeftOut, passKoa) };
}
