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

/** Pixels above a part that the page is scrolled to, as `scroll-margin` in the styles. */
const MARGIN = 12;

/**
 * Scrolls the page to the head of a part, and further until the end of a row is in view, if the title above the row
 * still is.
 *
 * @param {{ head: Element, title: Element, row: Element }} parts
 */
export function scrollPage({ head, title, row }) {
  const top = head.getBoundingClientRect().top - MARGIN;
  const below = row.getBoundingClientRect().bottom - freeHeight();
  const above = title.getBoundingClientRect().top - MARGIN;
  scrollBy({ top: Math.max(top, Math.min(below, above)) });
}

/**
 * Scrolls to an element. The space of a bar at the lower edge (`--docked`) is left free. An element that is too tall for
 * the rest of the page is shown from its beginning.
 *
 * @param {HTMLElement} place
 */
export function bringIntoView(place) {
  const isTall = place.offsetHeight > freeHeight();
  place.scrollIntoView({ block: isTall ? "start" : "nearest" });
}

/** The height of the viewport above a bar at the lower edge, in pixels. */
function freeHeight() {
  const { scrollPaddingBottom } = getComputedStyle(document.documentElement);
  return innerHeight - (Number.parseFloat(scrollPaddingBottom) || 0);
}
