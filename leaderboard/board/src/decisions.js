// False rejects against false accepts (detection error tradeoff), at one database size.

import { areaY, dot, line } from "@observablehq/plot";
import { bandOpacity, drawPlot } from "./chart.js";
import { colourOf, symbolOf } from "./marks.js";

/** The decisions of a system at the largest size up to another one, or else at its smallest. */
export function decisionsAt({ decisions }, size) {
  return decisions.findLast(({ n }) => n <= size) ?? decisions[0];
}

/**
 * Draw the curves.
 *
 * @param {HTMLElement} holder
 * @param {object[]} systems  systems with decisions; each knows its place on the board
 * @param {number} size       database size
 */
export function drawDecisions(holder, systems, size) {
  const points = systems.flatMap((system) => {
    const { accepts, rejects, low, high, searched } = decisionsAt(system, size);
    const drawn = accepts.map((accept, i) => ({
      place: system.place, colour: colourOf(system.place), searched, accept: 100 * accept,
      reject: 100 * rejects[i], low: low.length ? 100 * low[i] : null, high: 100 * high[i],
    }));
    return drawn.filter(({ accept }) => accept > 0);
  });
  const every = Math.ceil(points.length / (12 * systems.length)); // marks on a curve, not a chain
  const marked = points.filter((_, i) => i % every === 0);
  const by = { x: "accept", y: "reject", z: "place", stroke: "colour" };
  drawPlot(holder, "False rejects against false accepts", {
    marginRight: 16,
    x: { type: "log", label: "false accepts, % →", labelAnchor: "center",
         labelArrow: "none", ticks: 4, tickFormat: (share) => `${Number(share.toPrecision(2))}` },
    y: { domain: [0, 100], grid: true, ticks: 6, label: "↑ false rejects, %", labelArrow: "none" },
    color: { type: "identity" },
    marks: [
      areaY(points.filter(({ low }) => low !== null),
            { x: "accept", y1: "low", y2: "high", z: "place", fill: "colour",
              fillOpacity: bandOpacity(systems.length) }),
      line(points.filter((p) => p.searched), { ...by, strokeWidth: 2.25 }),
      line(points.filter((p) => !p.searched), { ...by, strokeWidth: 2.25, strokeDasharray: "5 4" }),
      dot(marked, { ...by, r: 3.5, symbol: ({ place }) => symbolOf(place),
                    fill: (p) => (p.searched ? p.colour : "var(--card)") }),
    ],
  });
}
