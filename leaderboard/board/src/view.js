// What is shown: all of it stands in the fragment of the address, so that a view can be linked.

/**
 * @typedef {object} View
 * @property {string | null} ranking  id of the ranking, null for the first
 * @property {string} filter          text that rows must contain
 * @property {{name: string, dir: "asc" | "desc"} | null} sort  null for the ranks
 * @property {number | null} size     database size of the standings, null for that of the ranking
 * @property {string[]} hidden        names of the systems that no curve shows
 */

/** @returns {View} The view of a fragment; what it does not say, or says wrongly, is as at first. */
export function readView(fragment) {
  const words = new URLSearchParams(fragment.replace(/^#/, ""));
  const [name, dir] = (words.get("sort") ?? "").split(/\.(?=[a-z]+$)/);
  const size = Number(words.get("size"));
  return {
    ranking: words.get("ranking"),
    filter: words.get("filter") ?? "",
    sort: name && (dir === "asc" || dir === "desc") ? { name, dir } : null,
    size: size > 0 ? size : null,
    hidden: words.getAll("hide"),
  };
}

/** @param {View} view */
export function viewFragment({ ranking, filter, sort, size, hidden }) {
  const words = new URLSearchParams();
  if (ranking !== null) words.set("ranking", ranking);
  if (filter) words.set("filter", filter);
  if (sort) words.set("sort", `${sort.name}.${sort.dir}`);
  if (size !== null) words.set("size", String(size));
  for (const name of hidden) words.append("hide", name);
  return `#${words}`;
}
