import { expect, test } from "vitest";
import { connect, runExample } from "../../test-support.js";

test("an owner sees and spends, nobody else does, and errors are those of JSON-RPC", async () => {
  const { url } = await runExample(import.meta.url);
  const ann = await connect(url, "ann-token");
  const guest = await connect(url);
  let id = 0;
  const call = async (client: typeof ann, method: string, params?: object) => {
    client.send({ jsonrpc: "2.0", id: ++id, method, params });
    return client.next();
  };

  expect(await call(guest, "bank.hours")).toEqual({ jsonrpc: "2.0", id, result: "always" });
  expect(await call(guest, "account.list")).toMatchObject({ id, error: { code: -32001, data: { status: 401 } } });
  expect(await call(ann, "account.list")).toMatchObject({ id, result: ["1"] });
  expect(await call(ann, "account.balance", { account: "1" })).toMatchObject({ id, result: 100 });
  expect(await call(ann, "account.pay", { account: "1", amount: 30 })).toMatchObject({ id, result: 70 });
  for (const amount of [-30, 71, "all"]) {
    const refusal = { code: -32003, message: "Pay what you have." };
    expect(await call(ann, "account.pay", { account: "1", amount })).toMatchObject({ id, error: refusal });
  }
  expect(await call(ann, "account.pay", { account: "2", amount: -30 })).toMatchObject({ id, error: { code: -32003 } });
  expect(await call(ann, "account.balance", { account: "3" })).toMatchObject({
    id,
    error: { data: { code: "not_found" } },
  });
  const batch = ["1", "2"].map((account, at) => ({
    jsonrpc: "2.0",
    id: at,
    method: "account.balance",
    params: { account },
  }));
  ann.send(batch);
  expect(await ann.next()).toMatchObject([
    { id: 0, result: 70 },
    { id: 1, error: { code: -32003 } },
  ]);
  expect(await call(ann, "constructor")).toMatchObject({ id, error: { code: -32601 } });
});
