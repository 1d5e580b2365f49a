// One ranking: its table, its filter, its charts, and what they say of the same systems.

import { drawCurves, sizesOf } from "./curves.js";
import { decisionsAt, drawDecisions } from "./decisions.js";
import { downloadText, tableCsv, tableJson } from "./downloads.js";
import { element, nameElement } from "./elements.js";
import { swatch } from "./marks.js";
import { shortSize } from "./numbers.js";
import { showStandings } from "./standings.js";
import { BoardTable } from "./table.js";

export class Ranking {
  /**
   * @param {HTMLElement} section      of the page, with the table
   * @param {object} ranking           its data, with the columns of its records
   * @param {(change: object) => void} onChange  told what the reader changes in the view
   */
  constructor(section, ranking, onChange) {
    this.section = section;
    this.ranking = ranking;
    this.systems = ranking.systems.map((system, place) => ({ ...system, place }));
    this.sizes = sizesOf(this.systems);
    this.onChange = onChange;
    this.#add("toolbar", ".toolbar-place");
    this.#add("charts", ".charts-place");
    this.table = new BoardTable(this.#find("table.board"), () => onChange({ sort: this.table.sort }));
    this.#listen();
    new ResizeObserver(() => this.view && !section.hidden && this.#draw()).observe(section);
  }

  /** Show the view; the section must be visible. */
  show(view) {
    this.view = view;
    const filter = this.#find("input[type=search]");
    if (filter.value !== view.filter) filter.value = view.filter;
    this.table.show(view);
    const { length } = this.table.places;
    const all = this.systems.length;
    this.#find(".count").textContent = `${length} of ${all} ${all === 1 ? "system" : "systems"}`;
    this.#showToggles();
    this.#draw();
  }

  get #size() {
    const wanted = this.preview ?? this.view.size ?? this.ranking.size;
    return this.sizes.findLast((size) => size <= wanted) ?? this.sizes[0];
  }

  /** The systems in the rows that are shown, from top to bottom. */
  get #filtered() {
    return this.table.places.map((place) => this.systems[place]);
  }

  #find(selector) {
    return this.section.querySelector(selector);
  }

  #add(template, selector) {
    this.#find(selector).replaceWith(document.getElementById(template).content.cloneNode(true));
  }

  #listen() {
    const slider = this.#find("input[type=range]");
    slider.max = this.sizes.length - 1;
    slider.addEventListener("input", () => this.onChange({ size: this.sizes[slider.value] }));
    const filter = this.#find("input[type=search]");
    filter.addEventListener("input", () => this.onChange({ filter: filter.value }));
    this.#find(".csv").addEventListener("click", () => this.#save("csv", "text/csv", tableCsv));
    this.#find(".json").addEventListener("click", () =>
      this.#save("json", "application/json", tableJson),
    );
    const chart = this.#find(".curves .chart");
    chart.addEventListener("pointermove", (event) => this.#hover(this.#sizeUnder(event)));
    chart.addEventListener("pointerleave", () => this.#hover(null));
    chart.addEventListener("click", (event) => this.onChange({ size: this.#sizeUnder(event) }));
  }

  #sizeUnder({ clientX }) {
    const { left, width } = this.plot.getBoundingClientRect();
    return this.plot.sizeAt(((clientX - left) / width) * this.plot.viewBox.baseVal.width);
  }

  #hover(size) {
    if (size === this.preview) return;
    this.preview = size;
    this.#draw();
  }

  #save(ending, type, write) {
    const rows = this.#filtered.flatMap(({ records }) => records);
    downloadText(`${this.ranking.file}.${ending}`, type, write(this.ranking.columns, rows));
  }

  #showToggles() {
    const toggles = this.#filtered.map(({ name, place }) => {
      const shown = !this.view.hidden.includes(name);
      const toggle = element("button", { type: "button", "aria-pressed": shown });
      toggle.append(swatch(place), nameElement(name));
      toggle.addEventListener("click", () => this.#toggle(name));
      toggle.dataset.place = place;
      return toggle;
    });
    const focused = document.activeElement?.dataset.place;
    const legend = this.#find(".legend");
    const hadFocus = legend.contains(document.activeElement);
    legend.replaceChildren(...toggles);
    if (hadFocus) legend.querySelector(`[data-place="${focused}"]`)?.focus();
  }

  #toggle(name) {
    const { hidden } = this.view;
    const others = hidden.filter((other) => other !== name);
    this.onChange({ hidden: others.length < hidden.length ? others : [...hidden, name] });
  }

  #draw() {
    const size = this.#size;
    const drawn = this.#filtered.filter(({ name }) => !this.view.hidden.includes(name));
    const { metric } = this.ranking;
    const options = { metric, size, sizes: this.sizes };
    this.plot = drawCurves(this.#find(".curves .chart"), drawn, options);
    this.#find("input[type=range]").value = this.sizes.indexOf(size);
    this.#find("input[type=range]").setAttribute("aria-valuetext", `${shortSize(size)} distractors`);
    for (const place of this.section.querySelectorAll(".size")) place.textContent = shortSize(size);
    showStandings(this.#find(".standings"), drawn, size);
    this.#drawDecisions(drawn, size);
  }

  #drawDecisions(systems, size) {
    const deciding = systems.filter(({ decisions }) => decisions.length);
    this.#find(".decisions").hidden = !deciding.length;
    if (!deciding.length) return;
    drawDecisions(this.#find(".decisions .chart"), deciding, size);
    const sizes = [...new Set(deciding.map((system) => decisionsAt(system, size).n))];
    this.#find(".decision-sizes").textContent = sizes.map(shortSize).join(", ");
  }
}
