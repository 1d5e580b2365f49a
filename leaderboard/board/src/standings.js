// The order of the systems at one database size.

import { element, nameElement } from "./elements.js";
import { colourOf, swatch } from "./marks.js";
import { rateText } from "./numbers.js";

/** Fill a list with the systems that have a point at a size, the best first. */
export function showStandings(list, systems, size) {
  const found = systems
    .map((system) => ({ ...system, point: system.curve.find(({ n }) => n === size) }))
    .filter(({ point }) => point)
    .sort((a, b) => b.point.value - a.point.value);
  const best = found[0]?.point.value || 1;
  list.replaceChildren(...found.map((system) => standing(system, best)));
}

function standing({ name, place, point }, best) {
  const bar = element("span", { class: "bar" });
  bar.style.width = `${(100 * point.value) / best}%`;
  bar.style.background = colourOf(place);
  const rank = element("span", { class: "rank" }, String(point.rank ?? ""));
  return element(
    "li",
    {},
    element("span", { class: "who" }, rank, swatch(place), nameElement(name)),
    element("span", { class: "rate" }, rateText(point) + point.mark),
    element("span", { class: "track" }, bar),
  );
}
