// A pseudonym for the eye: eight digits of the hash, and a small pattern and colour made from it, so that one can be followed.

import { element, svg } from "./dom.js";

const SIZE = 18;
const CELLS = 5;

/** @param hash a 64-bit hash in decimal digits, as rows have it */
export function pseudonymText(hash) {
  return hexOf(hash).slice(0, 8);
}

export function pseudonym(hash) {
  const place = element("span", "", "pseudonym");
  const text = element("span", pseudonymText(hash), "mono");
  place.append(pattern(hash), text);
  place.title = hexOf(hash);
  return place;
}

/** Mirrored, like a face: 15 bits say which cells are filled, others the colour. */
function pattern(hash) {
  const bits = BigInt.asUintN(64, BigInt(hash));
  const hue = Number((bits >> 20n) % 360n);
  const image = svg("svg", { width: SIZE, height: SIZE, viewBox: "0 0 7 7", "aria-hidden": "true" });
  image.append(svg("rect", { width: 7, height: 7, fill: `hsl(${hue} 50% 50% / 0.16)` }));
  const ink = `hsl(${hue} 55% 48%)`;
  for (let bit = 0; bit < 15; bit++) {
    if (((bits >> BigInt(bit + 2)) & 1n) === 0n) continue;
    const column = Math.floor(bit / CELLS);
    const y = 1 + (bit % CELLS);
    for (const x of new Set([1 + column, CELLS - column])) {
      image.append(svg("rect", { x, y, width: 1.03, height: 1.03, fill: ink }));
    }
  }
  return image;
}

function hexOf(hash) {
  return BigInt.asUintN(64, BigInt(hash)).toString(16).padStart(16, "0");
}
