// What both charts share: how a plot is drawn and put into the page.

import { plot } from "@observablehq/plot";

/** Draw a plot without the style element of the library, which the page's policy forbids. */
export function drawPlot(holder, label, options) {
  const drawn = plot({
    className: "plot",
    width: Math.max(300, holder.clientWidth),
    height: Math.max(260, Math.min(420, 0.6 * holder.clientWidth)),
    marginLeft: 44,
    marginBottom: 40,
    ...options,
  });
  for (const style of drawn.querySelectorAll("style")) style.remove();
  // As an image it has one name; those that the library gives to its parts would be heard, too.
  for (const part of drawn.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", label);
  holder.replaceChildren(drawn);
  return drawn;
}

/** Bands of many systems lie over each other and must not hide the lines. */
export function bandOpacity(systems) {
  return Math.min(0.16, 0.6 / systems);
}

/**
 * Heights above 0 at which labels do not overlap: they are moved down, and up again from the bottom.
 *
 * @param {{y: number}[]} labels  heights in units of the axis
 * @param {number} gap            smallest distance, in the same units
 */
export function spreadLabels(labels, gap) {
  const spread = labels.toSorted((a, b) => b.y - a.y).map((label) => ({ ...label }));
  let above = Infinity;
  for (const label of spread) above = label.y = Math.min(label.y, above - gap);
  let below = -gap;
  for (const label of spread.toReversed()) below = label.y = Math.max(label.y, below + gap);
  return spread;
}
