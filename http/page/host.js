// The host's memory and processors: charts that begin with what is stored and go on with what comes.

import { ApiError } from "./api.js";
import { createChart } from "./chart.js";
import { onConnection, serverNow } from "./connection.js";
import { byId, setText } from "./dom.js";
import { fresh, onTick } from "./fresh.js";
import { cellNumber, storedRows } from "./history.js";
import { keepStoredSamples, onSample, SAMPLE_COLUMNS } from "./samples.js";
import { Series } from "./series.js";
import { fixedText, percentText } from "./text.js";
import uPlot from "./uplot.js";

const MINUTE_MS = 60_000;
const KEEP_MS = 62 * MINUTE_MS;
/** However often rows come, the eye takes so many pictures. */
const DRAW_EVERY_MS = 200;
const MEMORY_COLUMNS = ["timestamp", "used_percent", "available_mb"];

const memory = new Series(KEEP_MS);
const cpu = new Series(KEEP_MS);
let minutes = 15;
/** From when on what is stored has been asked for. */
let askedFromMs = Number.POSITIVE_INFINITY;
let drawing = false;
let drawnAt = 0;

const charts = {
  memory: createChart("memory-chart", {
    label: "Memory of the host: share in use, and what is available",
    lines: [
      {
        name: "first",
        label: "Used",
        colour: "--accent",
        scale: "percent",
        fill: true,
        text: (value) => percentText(value, 2),
        axis: (value) => `${fixedText(value, value % 1 === 0 ? 0 : 1)} %`,
        range: (min, max) => around(min, max, 4, 100),
      },
      {
        name: "second",
        label: "Available",
        colour: "--second",
        scale: "available",
        dash: [5, 3],
        text: (value) => (value === null ? "–" : `${fixedText(value, 2)} GiB`),
        axis: (value) => `${fixedText(value, value % 1 === 0 ? 0 : 1)} GiB`,
        // From nothing: beside the share, which is shown closely, this says how much there is.
        range: (_, max) => [0, Math.max(1, max ?? 0) * 1.12],
      },
    ],
  }),
  cpu: createChart("cpu-chart", {
    label: "Processor time of all processes together; 100 % is one core",
    lines: [
      {
        name: "first",
        label: "All processes (100 % is one core)",
        colour: "--accent",
        scale: "percent",
        fill: true,
        text: percentText,
        axis: (value) => `${fixedText(value, 0)} %`,
        range: (_, max) => [0, Math.max(10, (max ?? 0) * 1.15)],
        // A sample's figure is of the time since the one before.
        paths: uPlot.paths.stepped({ align: -1 }),
      },
    ],
  }),
};

/** One row of the stream. */
export function showMemoryRow(row) {
  const timeMs = Date.parse(row.timestamp);
  const before = memory.lastMs;
  memory.add(timeMs, memoryPoint(row.used_percent, row.available_mb));
  if (before !== undefined && memory.isHole(before, timeMs)) void fill(before, timeMs);
  fresh("memory", memory.intervalMs() ?? 1000);
  draw();
}

/** The time of the latest row, by the server's clock. */
export const latestMs = () => memory.lastMs;

/** Asks for what is stored and not shown yet, as far back as the charts reach. */
export async function loadHistory() {
  const nowMs = serverNow();
  const fromMs = nowMs - minutes * MINUTE_MS;
  const lastMs = memory.lastMs;
  if (fromMs < askedFromMs) {
    const wholeTo = Math.min(nowMs, memory.firstMs ?? nowMs);
    askedFromMs = fromMs;
    await fill(fromMs, wholeTo);
  }
  if (lastMs !== undefined && memory.isHole(lastMs, nowMs)) await fill(lastMs, nowMs);
}

async function fill(fromMs, toMs) {
  const note = byId("history-note");
  try {
    const [memoryRows, processRows] = await Promise.all([
      storedRows("memory", MEMORY_COLUMNS, fromMs, toMs + 1),
      storedRows("process", SAMPLE_COLUMNS, fromMs, toMs + 1),
    ]);
    memory.merge(
      memoryRows.map(([time, ...cells]) => [Date.parse(time), memoryPoint(...cells.map(cellNumber))]),
    );
    cpu.merge(keepStoredSamples(processRows));
    setText(note, "");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    askedFromMs = Number.POSITIVE_INFINITY;
    setText(note, `What is stored could not be had: ${error.message}`);
  }
  draw();
}

/** The share in use, and what is available in GiB. */
const memoryPoint = (usedPercent, mebibytes) => [usedPercent, mebibytes === null ? null : mebibytes / 1024];

/** Soon, and once for all that comes until then. */
function draw() {
  if (drawing || document.hidden) return;
  drawing = true;
  setTimeout(requestAnimationFrame, drawnAt + DRAW_EVERY_MS - performance.now(), () => {
    drawing = false;
    drawnAt = performance.now();
    const toMs = Math.max(memory.lastMs ?? 0, cpu.lastMs ?? 0) || serverNow();
    const firstMs = Math.min(memory.firstMs ?? toMs, cpu.firstMs ?? toMs);
    // While there is less than the range asked for, what there is fills the chart.
    const fromMs = Math.max(toMs - minutes * MINUTE_MS, Math.min(firstMs, toMs - MINUTE_MS));
    charts.memory.show(memory.columns(2, fromMs), fromMs, toMs);
    charts.cpu.show(cpu.columns(1, fromMs), fromMs, toMs);
  });
}

/** The bounds of an axis around the values, at least `least` apart, not below nothing and not above `most`. */
function around(min, max, least, most) {
  if (min === null || max === null) return [0, Math.min(most, 100)];
  const half = Math.max(least, (max - min) * 1.25) / 2;
  const middle = (min + max) / 2;
  const low = Math.max(0, Math.min(middle - half, most - 2 * half));
  return [low, Math.min(most, low + 2 * half)];
}

onSample(({ timeMs, cpuPercent }, everyMs) => {
  cpu.add(timeMs, [cpuPercent]);
  fresh("process", everyMs);
  draw();
});
byId("range").addEventListener("change", ({ target }) => {
  minutes = Number(target.value);
  draw();
  void loadHistory();
});
document.addEventListener("visibilitychange", draw);
onConnection(draw);
onTick(() => {
  if (memory.lastMs === undefined) draw();
});
