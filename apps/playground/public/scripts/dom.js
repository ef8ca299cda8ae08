// @ts-check

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. Strings become text nodes, so nothing that a client sends is parsed as HTML.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean | undefined>} [attributes] `true` for an empty one, `undefined` or `false` for none
 * @param {...(Node | string | undefined)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** @param {string} name of a symbol in the page */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Gives a scroller a tab stop and a name.
 *
 * @param {HTMLElement} scroller
 * @param {string} label
 */
export function reachable(scroller, label) {
  scroller.tabIndex = 0;
  scroller.setAttribute("role", "region");
  scroller.ariaLabel = label;
}

/** @param {number} [time] milliseconds since the epoch */
export function clock(time = Date.now()) {
  return new Date(time).toLocaleTimeString([], { hour12: false });
}

/**
 * Adds to the end of a list. A list that was scrolled to its end stays there.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement} item
 * @param {number} most how many items it keeps
 */
export function append(list, item, most) {
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(item);
  while (list.children.length > most) list.firstElementChild?.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

/**
 * Announces a text to screen readers. The same text is visible elsewhere on the page.
 *
 * @param {string} text
 */
export function announce(text) {
  append(byId("announcer"), element("p", {}, text), 20);
}
