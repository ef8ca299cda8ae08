// @ts-check

/** From this width on, the decisions stay in view beside the clients. */
const WIDE = matchMedia("(min-width: 1280px)");

/** True when the decisions are somewhere below the clients, as on a phone. */
export function isNarrow() {
  return !WIDE.matches;
}

/**
 * Scrolls a panel so that the end of a row is in view, if the head still is.
 *
 * @param {HTMLElement} panel
 * @param {{ head: Element, row: Element }} parts of the panel
 */
export function scrollPanel(panel, { head, row }) {
  const { top, bottom } = panel.getBoundingClientRect();
  const below = row.getBoundingClientRect().bottom - bottom;
  const above = head.getBoundingClientRect().top - top;
  panel.scrollTop = Math.max(0, panel.scrollTop + Math.min(below, above));
}

/**
 * Scrolls to an element. The space of a bar at the lower edge (`--docked`) is left free. An element that is too tall for
 * the rest of the page is shown from its beginning.
 *
 * @param {HTMLElement} place
 */
export function bringIntoView(place) {
  const docked = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingBottom) || 0;
  const isTall = place.offsetHeight > innerHeight - docked;
  place.scrollIntoView({ block: isTall ? "start" : "nearest" });
}
