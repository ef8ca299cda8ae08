// @ts-check

/**
 * Makes an example smaller while it still shows the same: takes out items of lists, then pieces of texts (delta
 * debugging).
 *
 * @template T
 * @param {T} example Plain data.
 * @param {(smaller: T) => Promise<boolean>} shows
 * @param {number} [milliseconds] How long it may take.
 * @returns {Promise<T>}
 */
export async function shrink(example, shows, milliseconds = 120_000) {
  let best = example;
  const until = Date.now() + milliseconds;
  const attempt = async (/** @type {T} */ smaller) => {
    if (Date.now() >= until || !(await shows(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let before = -1; before !== sizeOf(best) && Date.now() < until; ) {
    before = sizeOf(best);
    for (const path of placesOf(best)) {
      for (let part = lengthAt(best, path); part >= 1; part = Math.floor(part / 2)) {
        for (let at = 0; at < lengthAt(best, path) && Date.now() < until; ) {
          if (!(await attempt(without(best, path, at, part)))) at += part;
        }
      }
    }
  }
  return best;
}

const sizeOf = (/** @type {unknown} */ value) => JSON.stringify(value).length;

/** The paths of all lists and texts, those outside first. @param {unknown} value @param {(string | number)[]} [at] @returns {(string | number)[][]} */
function placesOf(value, at = []) {
  if (typeof value === "string") return [at];
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, one]) => placesOf(one, [...at, key]));
  return Array.isArray(value) ? [at, ...inner] : inner;
}

/** @param {any} value @param {readonly (string | number)[]} path */
function lengthAt(value, path) {
  let found = value;
  for (const key of path) found = found?.[key];
  return found?.length ?? 0;
}

/** @param {any} value @param {readonly (string | number)[]} path @param {number} at @param {number} count @returns {any} */
function without(value, path, at, count) {
  if (path.length === 0) {
    return typeof value === "string" ? value.slice(0, at) + value.slice(at + count) : value.toSpliced(at, count);
  }
  const [key, ...rest] = path;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[/** @type {string} */ (key)] = without(copy[/** @type {string} */ (key)], rest, at, count);
  return copy;
}
