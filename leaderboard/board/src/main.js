// The page works without this script; with it, tables sort and filter, and curves are drawn.

import { Ranking } from "./ranking.js";
import { followTheme } from "./theme.js";
import { readView, viewFragment } from "./view.js";

const { columns, rankings } = JSON.parse(document.getElementById("board").textContent);
const shown = new Map(); // sections are made when they are first shown
let view;

function show(next) {
  view = next;
  const at = Math.max(0, rankings.findIndex(({ id }) => id === view.ranking));
  rankings.forEach((_, i) => (document.getElementById(`ranking-${i}`).hidden = i !== at));
  for (const part of document.querySelectorAll(".part")) {
    part.hidden = !part.querySelector(".ranking:not([hidden])");
  }
  document.querySelectorAll("nav a").forEach((link, i) => {
    if (i === at) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  if (!shown.has(at)) {
    const section = document.getElementById(`ranking-${at}`);
    shown.set(at, new Ranking(section, { columns, ...rankings[at] }, change));
  }
  shown.get(at).show(view);
}

function change(part) {
  show({ ...view, ...part });
  history.replaceState(null, "", viewFragment(view));
}

document.querySelectorAll("nav a").forEach((link, i) =>
  link.addEventListener("click", (event) => {
    event.preventDefault();
    change({ ...readView(""), ranking: rankings[i].id });
  }),
);

// A link to a place in the page opens it, and leaves the view as it is.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".board a[href^='#']");
  if (!link) return;
  event.preventDefault();
  const place = document.getElementById(link.hash.slice(1));
  place.open = true;
  place.scrollIntoView({ block: "start" });
  place.querySelector("summary").focus({ preventScroll: true });
});

addEventListener("hashchange", () => show(readView(location.hash)));
document.documentElement.classList.add("scripted");
followTheme(document.getElementById("theme"));
if (rankings.length) show(readView(location.hash));
