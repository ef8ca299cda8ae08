// @ts-check

/**
 * @param {readonly number[]} values
 * @returns {{ median: number, p95: number, most: number }}
 */
export function summaryOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { median: at(0.5) ?? Number.NaN, p95: at(0.95) ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

/**
 * By how much something grows, by least squares.
 *
 * @param {readonly (readonly [number, number])[]} points
 * @returns {number} change of the second per one of the first
 */
export function slopeOf(points) {
  const mean = (/** @type {readonly number[]} */ values) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const x = mean(points.map(([first]) => first));
  const y = mean(points.map(([, second]) => second));
  const both = points.reduce((sum, [first, second]) => sum + (first - x) * (second - y), 0);
  return both / points.reduce((sum, [first]) => sum + (first - x) ** 2, 0);
}
