// @ts-check

/**
 * Latencies, kept exactly.
 */
export class Latencies {
  /** @type {number[]} */
  #values = [];

  /** @param {number} milliseconds */
  add(milliseconds) {
    this.#values.push(milliseconds);
  }

  summary() {
    const sorted = Float64Array.from(this.#values).sort();
    /** The smallest value that as great a part of all does not exceed. @param {number} part */
    const at = (part) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
    return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
  }
}

/**
 * The line of least squares through points, and how sure its slope is.
 *
 * @param {readonly (readonly [x: number, y: number])[]} points At least three.
 * @returns {{ slope: number, standardError: number, mean: number, count: number }}
 */
export function leastSquares(points) {
  const count = points.length;
  if (count < 3) throw new RangeError("a slope and its error need three points");
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const spreadX = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spreadX;
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, standardError: Math.sqrt(residual / (count - 2) / spreadX), mean: meanY, count };
}
