// A chart over time by uPlot: lines with their own axes, a crosshair that all charts share, and the values at it in a list
// above. By keyboard the crosshair goes by the arrow keys.

import { colour, onColours } from "./colours.js";
import { byId, element, setText } from "./dom.js";
import { clockText, hourText } from "./text.js";
import uPlot from "./uplot.js";

const HEIGHT = 210;
const TOGETHER = "host";
const MINUTE_MS = 60_000;
const FONT = "12px system-ui, sans-serif";

/**
 * @param id of the chart's place; its list is `<id without -chart>-readout`
 * @param {{ label: string, lines: { name: string, label: string, colour: string, scale: string, text: (v: number) => string,
 *   axis: (v: number) => string, range: (min: number, max: number) => [number, number], fill?: boolean, dash?: number[],
 *   paths?: (u: object) => unknown }[] }} spec
 */
export function createChart(id, spec) {
  const place = byId(id);
  const values = makeReadout(byId(id.replace("-chart", "-readout")), spec.lines);
  place.tabIndex = 0;
  place.setAttribute("role", "group");
  place.setAttribute(
    "aria-label",
    `${spec.label}. The arrow keys move along it, Escape goes back to the latest.`,
  );
  let span = [Date.now() - 15 * MINUTE_MS, Date.now()];

  const plot = new uPlot(options(), [[], ...spec.lines.map(() => [])], place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
  onColours(() => plot.redraw(false, true));
  place.addEventListener("keydown", moveByKey);
  place.addEventListener("blur", () => plot.setCursor({ left: -10, top: -10 }));

  function options() {
    return {
      width: Math.max(place.clientWidth, 200),
      height: HEIGHT,
      ms: 1,
      legend: { show: false },
      padding: [8, spec.lines.length > 1 ? 0 : 12, 0, 0],
      cursor: {
        sync: { key: TOGETHER, setSeries: false },
        drag: { x: false, y: false },
        y: false,
        points: {
          size: 7,
          fill: (_, index) => colour(spec.lines[index - 1].colour),
          stroke: () => colour("--card"),
        },
      },
      scales: {
        x: { time: true, range: () => span },
        ...Object.fromEntries(
          spec.lines.map(({ scale, range }) => [scale, { range: (_, min, max) => range(min, max) }]),
        ),
      },
      axes: [timeAxis(), ...spec.lines.map(valueAxis)],
      series: [{}, ...spec.lines.map(lineOf)],
      hooks: { setCursor: [showValues], setData: [showValues] },
    };
  }

  function showValues(u) {
    const [times] = u.data;
    const atCursor = u.cursor.idx !== null && u.cursor.left >= 0;
    const index = atCursor ? u.cursor.idx : times.length - 1;
    for (const [at, line] of spec.lines.entries())
      setText(values[at], line.text(u.data[at + 1][index] ?? null));
    const timeMs = times[index];
    setText(values.at(-1), timeMs === undefined ? "" : clockText(timeMs));
    values.at(-1).parentElement.dataset.at = atCursor ? "crosshair" : "latest";
  }

  function moveByKey(event) {
    const step = {
      ArrowLeft: -1,
      ArrowRight: 1,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    }[event.key];
    if (event.key === "Escape") plot.setCursor({ left: -10, top: -10 });
    if (step === undefined) return;
    event.preventDefault();
    const [times] = plot.data;
    if (times.length === 0) return;
    const now = plot.cursor.left >= 0 && plot.cursor.idx !== null ? plot.cursor.idx : times.length - 1;
    const index = Math.min(times.length - 1, Math.max(0, now + step));
    plot.setCursor({ left: plot.valToPos(times[index], "x"), top: 10 });
  }

  return {
    /** @param data as `Series.columns` gives it. How many points and gaps it has can be read from the chart's place. */
    show(data, fromMs, toMs) {
      span = [fromMs, toMs];
      place.dataset.points = data[0].length;
      place.dataset.gaps = data[1].filter((value) => value === null).length;
      plot.setData(data);
    },
  };
}

function timeAxis() {
  return {
    stroke: () => colour("--soft"),
    font: FONT,
    size: 28,
    space: 70,
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((ms) => (ms % MINUTE_MS === 0 ? hourText(ms) : clockText(ms))),
  };
}

function valueAxis({ scale, axis }, index) {
  return {
    scale,
    side: index === 0 ? 3 : 1,
    stroke: () => colour("--soft"),
    font: FONT,
    size: 58,
    space: 36,
    grid: { show: index === 0, stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map(axis),
  };
}

function lineOf({ scale, colour: name, fill, dash, paths }) {
  return {
    scale,
    stroke: () => colour(name),
    width: 1.75,
    points: { show: false },
    // Only above nothing does an area say how much there is.
    ...(fill ? { fill: (u) => (u.scales[scale].min === 0 ? colour("--accent-wash") : "transparent") } : {}),
    ...(dash === undefined ? {} : { dash }),
    ...(paths === undefined ? {} : { paths }),
  };
}

/** The list above a chart. @returns the places of the values, the time's being the last */
function makeReadout(list, lines) {
  const pairs = [...lines.map(({ label, name }) => [label, name]), ["at", "time"]];
  return pairs.map(([label, name]) => {
    const pair = element("div", "", name);
    const value = element("dd", "–");
    pair.append(element("dt", label), value);
    list.append(pair);
    return value;
  });
}
