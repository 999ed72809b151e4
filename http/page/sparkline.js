// A line of few pixels: where a value went. No axis, no figures: those stand beside it.

import { svg } from "./dom.js";

const WIDTH = 100;
const HEIGHT = 24;

export function sparkline() {
  const image = svg("svg", {
    class: "spark",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  image.append(svg("path", { class: "under" }), svg("path", {}));
  return image;
}

/** @param points `[time, value]` in the order of their times; a value that is missing is a hole */
export function drawSparkline(image, points, fromMs, toMs) {
  const [under, line] = image.children;
  const values = points.map(([, value]) => value).filter((value) => value !== null);
  const high = Math.max(...values, 1e-9) * 1.1;
  let path = "";
  let area = "";
  let begun;
  let x = 0;
  for (const [timeMs, value] of points) {
    if (value === null) {
      if (begun !== undefined) area += `L${x} ${HEIGHT}L${begun} ${HEIGHT}Z`;
      begun = undefined;
      continue;
    }
    x = round(((timeMs - fromMs) / Math.max(1, toMs - fromMs)) * WIDTH);
    const step = `${begun === undefined ? "M" : "L"}${x} ${round(HEIGHT - 1.5 - (value / high) * (HEIGHT - 3))}`;
    path += step;
    area += step;
    begun ??= x;
  }
  if (begun !== undefined) area += `L${x} ${HEIGHT}L${begun} ${HEIGHT}Z`;
  under.setAttribute("d", area);
  line.setAttribute("d", path);
}

const round = (value) => Math.round(value * 10) / 10;
