import { useExpress } from "@portcullis/adapter-express-bridge";
import { AllowAny, definePolicy, IsAuthenticated } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import express, { type RequestHandler } from "express";
import { expect, test } from "vitest";
import type { CrosswsGuardOptions } from "../src/index.js";
import { connect, start } from "./support.js";

const app = express();
const readUser: RequestHandler = (request, _response, next) => {
  const name = request.get("x-name");
  next(void Object.assign(request, name && { user: { id: name } }));
};
const run = useExpress(readUser, { app });
const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny } });

test("middlewares of Express run on the request of Node", async () => {
  const revocations = memoryRevocations();
  const options = {
    authenticate: (request: { runtime: { node: { req: never } } }, facts: object) =>
      run(request.runtime.node.req, facts),
    identify: ({ user }: { user: { id: string } | null }) => user && { subjects: [`user:${user.id}`] },
    continuity: continuity({ revocations }),
  };
  const { url } = await start({ policy: policy as never, options: options as unknown as CrosswsGuardOptions });
  expect(await connect(url).refused).toMatchObject({ status: 401 });
  const { opened, closed } = connect(url, { "x-name": "ann" });
  expect(await opened).toBe(true);
  expect(await revocations.revoke("user:ann")).toMatchObject({ here: 1 });
  expect(await closed).toEqual([4401, "revoked"]);
});
