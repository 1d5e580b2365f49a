// Bundle the script and the style of the board into the Python package, with licences and SHA-256.
// The same sources and package-lock.json give the same bytes; --check compares them.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const OUT = "../fpbench_leaderboard/assets";

const bundle = await build({
  entryPoints: { board: "src/main.js", "board-style": "src/board.css" },
  outdir: OUT,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "iife",
  target: ["chrome123", "firefox120", "safari17.5"], // the first with light-dark() in CSS
  legalComments: "none", // all licences are at the head
  charset: "ascii",
});
const [script, style] = [".js", ".css"].map(
  (ending) => bundle.outputFiles.find(({ path }) => path.endsWith(ending)).text,
);
const assets = {
  "board.css": style,
  "board.js": `/*!\n${licences(bundle.metafile)}*/\n${script}`,
};
const sums = Object.entries(assets).map(([name, text]) => `${sha256(text)}  ${name}\n`);
assets.SHA256SUMS = sums.join("");

mkdirSync(OUT, { recursive: true });
for (const [name, text] of Object.entries(assets)) {
  const path = join(OUT, name);
  if (!process.argv.includes("--check")) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`${path} is not what the sources give: run make board`);
    process.exitCode = 1;
  }
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** Names, versions and licences of all packages with code in the bundle; equal texts once. */
function licences(metafile) {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0),
  );
  const folders = new Set(
    used.map((path) => path.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean),
  );
  const packages = new Map(); // text of a licence to the packages under it
  for (const folder of [...folders].sort()) {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = ["LICENSE", "LICENSE.txt", "License.txt", "LICENSE.md"].find((candidate) =>
      existsSync(join(folder, candidate)),
    );
    if (!file) throw new Error(`${name} has no licence file`);
    const text = readFileSync(join(folder, file), "utf8").replaceAll("\r", "").trim();
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version}`]);
  }
  return [...packages].map(([text, names]) => `${names.join(", ")}\n\n${text}\n\n`).join("");
}
