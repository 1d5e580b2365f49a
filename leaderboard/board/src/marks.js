// Colour and symbol of a system, by its place: six colours and five symbols make thirty marks, and
// the symbol alone tells neighbours apart.

import { symbolCircle, symbolDiamond, symbolSquare, symbolStar, symbolTriangle, symbol } from "d3-shape";

const COLOURS = 6; // --series-0 to --series-5 of board.css
const SYMBOLS = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolStar];
const SVG = "http://www.w3.org/2000/svg";

export function colourOf(place) {
  return `var(--series-${place % COLOURS})`;
}

export function symbolOf(place) {
  return SYMBOLS[place % SYMBOLS.length];
}

/** A small picture of a system's mark, for legends. */
export function swatch(place) {
  const picture = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", "-8 -8 16 16");
  picture.setAttribute("class", "swatch");
  picture.setAttribute("aria-hidden", "true");
  path.setAttribute("d", symbol(symbolOf(place), 70)());
  path.setAttribute("fill", colourOf(place));
  picture.append(path);
  return picture;
}
