// Hit rate against database size, one curve for each system, with its interval as a band.

import { areaY, dot, line, ruleX, text } from "@observablehq/plot";
import { bandOpacity, drawPlot, spreadLabels } from "./chart.js";
import { colourOf, symbolOf } from "./marks.js";
import { shortSize } from "./numbers.js";

const MOST_LABELS = 20; // more do not fit beside the curves; the buttons name all

/** All sizes above 0 at which a system has a point, ascending. */
export function sizesOf(systems) {
  const sizes = systems.flatMap(({ curve }) => curve.map(({ n }) => n));
  return [...new Set(sizes)].filter((n) => n > 0).sort((a, b) => a - b);
}

/**
 * Draw the curves.
 *
 * @param {HTMLElement} holder
 * @param {object[]} systems  systems to draw; each knows its place on the board
 * @param {{metric: string, size: number, sizes: number[]}} options
 * @returns {SVGElement} the plot; its method `sizeAt` gives the size nearest to a place in pixels
 */
export function drawCurves(holder, systems, { metric, size, sizes }) {
  const shown = systems.flatMap(pointsOf);
  const top = Math.min(100, 1.1 * Math.max(5, ...shown.map(({ value, high }) => high ?? value)));
  const by = { x: "n", y: "value", z: "place", stroke: "colour" };
  const narrow = holder.clientWidth < 520;
  const drawn = drawPlot(holder, `${metric} against database size; the table has the numbers`, {
    marginRight: narrow ? 16 : 130,
    x: { type: "log", domain: domainOf(sizes), label: "distractors in the database →",
         tickFormat: shortSize, ticks: ticksOf(sizes, narrow ? 5 : 10), labelAnchor: "center",
         labelArrow: "none" },
    y: { domain: [0, top], grid: true, ticks: 6, label: `↑ ${metric}, %`, labelArrow: "none" },
    color: { type: "identity" },
    marks: [
      ruleX([size], { stroke: "var(--ink)", strokeWidth: 1.5, strokeDasharray: "3 3" }),
      areaY(shown.filter(({ low }) => low !== null),
            { x: "n", y1: "low", y2: "high", z: "place", fill: "colour",
              fillOpacity: bandOpacity(systems.length) }),
      line(shown.filter(isSearched), { ...by, strokeWidth: 2.25 }),
      line(afterSearch(shown), { ...by, strokeWidth: 2.25, strokeDasharray: "5 4" }),
      dot(shown, { ...by, r: narrow ? 3 : 4, strokeWidth: 1.5, symbol: ({ place }) => symbolOf(place),
                   fill: (point) => (isSearched(point) ? point.colour : "var(--card)") }),
      narrow || systems.length > MOST_LABELS ? null : endLabels(systems, top),
    ],
  });
  drawn.sizeAt = (pixels) => nearestSize(drawn.scale("x").invert(pixels), sizes);
  return drawn;
}

/** One size alone stands in the middle of the axis. */
function domainOf(sizes) {
  const [first, last] = [sizes[0], sizes.at(-1)];
  return first === last ? [first / 10, last * 10] : [first, last];
}

/** At most so many powers of ten, evenly apart; the ends where there are none between. */
function ticksOf(sizes, most) {
  const [first, last] = domainOf(sizes);
  const powers = [];
  for (let power = 10 ** Math.ceil(Math.log10(first)); power <= last; power *= 10) powers.push(power);
  const step = Math.ceil(powers.length / most);
  return powers.length > 1 ? powers.filter((_, i) => i % step === 0) : [first, last];
}

/** The points of a system in percent; size 0 has no place on the axis. */
function pointsOf({ place, curve }) {
  const colour = colourOf(place);
  return curve.filter(({ n }) => n > 0).map(({ value, low, high, ...point }) => ({
    ...point, place, colour, value: 100 * value,
    low: low === null ? null : 100 * low, high: high === null ? null : 100 * high,
  }));
}

function isSearched({ mark }) {
  return mark === "";
}

/** The points from the last searched one on: they were computed, so their line is dashed. */
function afterSearch(points) {
  return points.filter((point) => {
    const own = points.filter(({ place }) => place === point.place);
    const last = Math.max(...own.filter(isSearched).map(({ n }) => n));
    return point.n >= last;
  });
}

function endLabels(systems, top) {
  const ends = systems
    .filter(({ curve }) => curve.length)
    .map(({ name, curve }) => ({ name, x: curve.at(-1).n, y: 100 * curve.at(-1).value }));
  return text(spreadLabels(ends, 0.045 * top), {
    x: "x", y: "y", text: "name", textAnchor: "start", dx: 10, lineWidth: 10,
    textOverflow: "ellipsis-end", fill: "var(--ink)", stroke: "var(--card)", strokeWidth: 3,
  });
}

function nearestSize(size, sizes) {
  const far = (other) => Math.abs(Math.log(other / size));
  return sizes.reduce((best, other) => (far(other) < far(best) ? other : best));
}
