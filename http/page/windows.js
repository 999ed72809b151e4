// The latest window of each dataset: how a minute's values spread, by measure or, for a measure of the programs, by program.

import { ApiError } from "./api.js";
import { serverNow } from "./connection.js";
import { byId, element, keyed, setText, svg } from "./dom.js";
import { cellNumber, storedRows } from "./history.js";
import { pseudonym } from "./pseudonym.js";
import { clockText, figureText } from "./text.js";

const SHOWN = 8;
/** How far back the latest window is looked for, when none came live yet. */
const LOOK_BACK_MS = 4 * 60_000;
const FIGURES = ["count", "mean", "min", "max", "p50", "p90", "p95", "p99"];
const SHOWN_FIGURES = ["p50", "p90", "p95", "p99"];

/** The latest window of a dataset: when it began, and its rows by what they are of. */
const latest = { memory_1m: undefined, process_1m: undefined };
let drawing;

/** A row of a windows dataset. */
export function showWindowRow(row) {
  const startMs = Date.parse(row.window_start);
  const held = latest[row.dataset];
  if (held !== undefined && startMs < held.startMs) return;
  if (held === undefined || startMs > held.startMs) {
    latest[row.dataset] = { startMs, endMs: Date.parse(row.window_end), rows: new Map() };
  }
  latest[row.dataset].rows.set(`${row.name_hash ?? ""} ${row.measure}`, row);
  clearTimeout(drawing);
  drawing = setTimeout(show, 100);
}

export async function loadWindows() {
  const toMs = serverNow();
  try {
    for (const [dataset, group] of [
      ["memory_1m", []],
      ["process_1m", ["name_hash"]],
    ]) {
      const columns = ["window_start", "window_end", "measure", ...group];
      if (document.hidden) return;
      const rows = await storedRows(dataset, [...columns, ...FIGURES], toMs - LOOK_BACK_MS, toMs);
      for (const cells of rows) {
        const [window_start, window_end, measure, name_hash] = cells;
        const figures = FIGURES.map((name, index) => [name, cellNumber(cells[columns.length + index])]);
        const own = group.length === 0 ? {} : { name_hash };
        showWindowRow({ dataset, window_start, window_end, measure, ...own, ...Object.fromEntries(figures) });
      }
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setText(byId("windows-note"), error.message);
  }
}

function show() {
  offerMeasures();
  const chosen = byId("windows-of").value;
  const measure = chosen === "memory" ? undefined : chosen;
  const window = latest[measure === undefined ? "memory_1m" : "process_1m"];
  if (window === undefined) return;
  const rows = [...window.rows.values()].filter((row) => measure === undefined || row.measure === measure);
  const shown =
    measure === undefined ? rows : rows.sort((a, b) => (b.p50 ?? -1) - (a.p50 ?? -1)).slice(0, SHOWN);
  setText(byId("windows-what"), measure === undefined ? "Measure" : "Pseudonym");
  const widest = measure === undefined ? undefined : Math.max(...shown.map(({ max }) => max ?? 0));
  keyed(
    byId("windows-rows"),
    shown,
    (row) => `${row.name_hash ?? ""} ${row.measure}`,
    makeRow,
    (line, row) => {
      for (const [index, name] of SHOWN_FIGURES.entries())
        setText(line.children[index + 1], figureText(row[name]));
      const bounds = widest === undefined ? [row.min, row.max] : [0, widest];
      drawBand(line.lastElementChild.firstElementChild, row, bounds);
    },
  );
  const values = shown.reduce((most, { count }) => Math.max(most, count), 0);
  setText(
    byId("windows-note"),
    `${clockText(window.startMs)} to ${clockText(window.endMs)}, up to ${values} values each, within 1 %. The line goes from the smallest to the largest, the bar from the median to p99.`,
  );
}

function offerMeasures() {
  const select = byId("windows-of");
  const names = new Set([...(latest.process_1m?.rows.values() ?? [])].map(({ measure }) => measure));
  const known = new Set([...select.options].map(({ value }) => value));
  for (const name of names) {
    if (known.has(name)) continue;
    const option = element("option", `programs: ${name}`);
    option.value = name;
    select.append(option);
  }
}

function makeRow(row) {
  const line = element("tr");
  const head = element("th", "", "cut");
  head.scope = "row";
  if (row.name_hash === undefined) {
    setText(head, row.measure);
    head.title = row.measure;
  } else head.append(pseudonym(row.name_hash));
  const band = element("td", "", "spark wide-only");
  band.append(bandImage());
  line.append(
    head,
    ...SHOWN_FIGURES.map((name) => element("td", "", name === "p90" ? "n wide-only" : "n")),
    band,
  );
  return line;
}

/** From the smallest to the largest value; darker up to p99, a mark at the median. */
function bandImage() {
  const image = svg("svg", {
    class: "band",
    viewBox: "0 0 100 10",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  });
  image.append(
    svg("rect", { class: "whole", y: 4, height: 2, rx: 1 }),
    svg("rect", { class: "most", y: 2.5, height: 5 }),
    svg("rect", { class: "middle", y: 0, height: 10, width: 1.2 }),
  );
  return image;
}

function drawBand(image, { min, max, p50, p99 }, [low, high]) {
  const [whole, most, middle] = image.children;
  const place = (value) => (high > low ? ((value - low) / (high - low)) * 98 : 49);
  const isThere = min !== null && max !== null;
  image.style.visibility = isThere ? "visible" : "hidden";
  if (!isThere) return;
  whole.setAttribute("x", place(min));
  whole.setAttribute("width", Math.max(1.2, place(max) - place(min)));
  most.setAttribute("x", place(p50));
  most.setAttribute("width", Math.max(0, Math.min(place(p99), 98) - place(p50)));
  middle.setAttribute("x", Math.max(0, Math.min(98, place(p50))));
}

byId("windows-of").addEventListener("change", show);
