/** Sends JSON to the server. Rejects where it cannot be reached. */
const post = (path, body) =>
  fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** A session of the page. It begins with the first token that is asked for. */
export function beginSession(name) {
  let sid;
  return {
    /** Resolves with a token that is valid now, or with `null` where the session has ended. */
    async token() {
      sid ??= (await (await post("/sign-in", { name })).json()).sid;
      const response = await post("/token", { sid });
      return response.ok ? (await response.json()).token : null;
    },
    signOut: () => post("/sign-out", { sid }),
  };
}
