// A table whose rows stay where they are in the page: only their order and the filter change.

import DataTable from "datatables.net";

export class BoardTable {
  /** @param {HTMLTableElement} table  of the page @param {() => void} onSort */
  constructor(table, onSort) {
    this.quiet = true; // while the view is applied, not changed
    this.table = new DataTable(table, {
      paging: false,
      info: false,
      autoWidth: false,
      order: [],
      layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null },
    });
    this.table.on("order", () => this.quiet || onSort());
    this.quiet = false;
  }

  /** Apply a filter, words that a row must contain, and an order; null is the order of the ranks, as the page has it. */
  show({ filter, sort }) {
    this.quiet = true;
    const names = this.table.columns().names().toArray();
    const column = sort ? names.indexOf(sort.name) : -1;
    const words = filter.toLowerCase().split(/\s+/);
    // By the text of a row; the library would search its markup, too.
    this.table.search((_, __, row) => words.every((word) => this.#text(row).includes(word)));
    this.table.order(column < 0 ? [[0, "asc"]] : [[column, sort.dir]]).draw();
    this.quiet = false;
  }

  #text(row) {
    return this.table.row(row).node().textContent.toLowerCase();
  }

  /** @returns {{name: string, dir: "asc" | "desc"} | null} */
  get sort() {
    const [first] = this.table.order();
    if (!first || !first[1] || (first[0] === 0 && first[1] === "asc")) return null;
    return { name: this.table.columns().names()[first[0]], dir: first[1] };
  }

  /** Places of the systems in the rows that are shown, from top to bottom. */
  get places() {
    const rows = this.table.rows({ search: "applied", order: "applied" }).nodes().toArray();
    return rows.map((row) => Number(row.dataset.place));
  }
}
