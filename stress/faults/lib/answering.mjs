// @ts-check

/**
 * Lets a process answer its parent.
 *
 * @param {Record<string, (value: any) => unknown>} answers
 */
export function answering(answers) {
  process.on(
    "message",
    async (/** @type {{ number: number, ask: string, value: unknown }} */ { number, ask, value }) => {
      process.send?.({ number, answer: await answers[ask]?.(value) });
    },
  );
  process.on("disconnect", () => process.exit(0));
}
