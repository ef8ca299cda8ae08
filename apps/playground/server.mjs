// @ts-check
import { start } from "./src/start.mjs";

const port = Number(process.env.PORT || 3000);
const isDemo = process.argv.includes("--demo");

/** @param {unknown} error */
function explain(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code === "EADDRINUSE") return `Port ${port} is in use. Choose another one: PORT=${port + 1} npm start`;
  if (code === "ERR_SOCKET_BAD_PORT") return `PORT is "${process.env.PORT}": give a number from 0 to 65535.`;
  return `The playground could not start: ${message}`;
}

const THINGS_TO_TRY = `Three things to try there:
    1. Send as guest. The refusal has a code and a reason, and the tree shows the rule that denied.
    2. Change a rule under "Rules" and apply it. The same message gets another answer.
    3. Make a rule throw or hang under "Faults". Messages are refused.`;

try {
  const { url, close } = await start({ port, isDemo });
  console.log(`
  Portcullis playground: ${url}

  ${isDemo ? "Open it. The page plays a demonstration of two minutes by itself." : THINGS_TO_TRY}

  Ctrl-C stops it.
`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, close);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}
