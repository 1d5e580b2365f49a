// The view as a file, made in the page: nothing is requested.

import { element } from "./elements.js";

export function downloadText(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

export function tableCsv(columns, rows) {
  return [columns, ...rows].map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}

export function tableJson(columns, rows) {
  const records = rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
  return `${JSON.stringify(records, null, 2)}\n`;
}

function csvCell(value) {
  if (value === null) return "";
  // A text that a spreadsheet would take for a formula begins with an apostrophe.
  const text = typeof value === "string" ? value.replace(/^(?=[=+\-@\t\r])/, "'") : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
