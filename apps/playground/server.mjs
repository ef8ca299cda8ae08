// @ts-check
import { start } from "./src/start.mjs";

const port = Number(process.env.PORT || 3000);

/** @param {unknown} error */
function explain(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code === "EADDRINUSE") return `Port ${port} is in use. Choose another one: PORT=${port + 1} npm start`;
  if (code === "ERR_SOCKET_BAD_PORT") return `PORT is "${process.env.PORT}": give a number from 0 to 65535.`;
  return `The playground could not start: ${message}`;
}

try {
  const { url, close } = await start({ port });
  console.log(`
  Portcullis playground: ${url}

  Three things to try there:
    1. Send as guest: refused, with a code and a reason.
    2. Post a link as member: the tree shows which rule said no.
    3. Ban the member as admin: its next message is refused.

  Ctrl-C stops it.
`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
