// The view as a file, made in the page: nothing is requested.

import { element } from "./elements.js";

export function downloadText(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** Flat records as CSV, with all keys of any record as columns. */
export function recordsCsv(records) {
  const names = [...new Set(records.flatMap(Object.keys))];
  const lines = [names, ...records.map((record) => names.map((name) => record[name]))];
  return lines.map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

function csvCell(value) {
  if (value === null || value === undefined) return "";
  // A text that a spreadsheet would take for a formula begins with an apostrophe.
  const text = typeof value === "string" ? value.replace(/^(?=[=+\-@\t\r])/, "'") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
