// Rows that other programs push: how fast they come, and what becomes of them.

import { ApiError, getJson } from "./api.js";
import { byId, element, keyed, setClass, setName, setText } from "./dom.js";
import { Series } from "./series.js";
import { drawSparkline, sparkline } from "./sparkline.js";
import { numberText, rateText } from "./text.js";

const SPARK_MS = 5 * 60_000;
/** A rate is told over so long: bodies come by the thousand rows, and then none for a while. */
const RATE_MS = 9000;

const FIGURES = ["rows/s", "accepted", "rejected", "dead letters"];

/** Names of the datasets that may be pushed; undefined: not known yet. */
let pushed;
/** By dataset: rows that had come, and rows a second, by when. */
const received = new Map();
const rates = new Map();
/** Whether this server keeps dead letters. */
let hasLetters = true;

export async function showPushed() {
  pushed ??= (await getJson("/v1/datasets")).datasets.filter((one) => one.pushed).map(({ name }) => name);
  const [{ datasets }, letters] = await Promise.all([getJson("/v1/ledger"), countLetters()]);
  byId("pushed-table").classList.toggle("no-letters", letters === undefined);
  const nowMs = performance.now();
  const rows = pushed
    .filter((name) => datasets[name] !== undefined)
    .map((name) => {
      const { received: came, stored, inFlight, rejected } = datasets[name];
      const rate = note(name, came, nowMs);
      const refused = sum(Object.values(rejected));
      return { name, rate, accepted: stored + inFlight, refused, letters: letters?.get(name) ?? 0, rejected };
    });
  keyed(
    byId("pushed-rows"),
    rows,
    ({ name }) => name,
    makeRow,
    (row, one) => fillRow(row, one, nowMs),
  );
  setText(byId("pushed-note"), noteOf(rows));
}

/** Letters by dataset; undefined: there is nothing of the kind. */
async function countLetters() {
  if (!hasLetters) return undefined;
  try {
    const { counts } = await getJson("/v1/dead-letters?limit=1");
    const byDataset = new Map();
    for (const { dataset, letters } of counts)
      byDataset.set(dataset, (byDataset.get(dataset) ?? 0) + letters);
    return byDataset;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) hasLetters = false;
    return undefined;
  }
}

/** @returns rows a second of late; null: not known yet */
function note(name, came, nowMs) {
  const points = received.get(name) ?? [];
  // A server that has begun again counts from anew.
  if (points.length > 0 && points.at(-1)[1] > came) points.length = 0;
  points.push([nowMs, came]);
  while (points.length > 2 && points[1][0] <= nowMs - RATE_MS) points.shift();
  received.set(name, points);
  const [fromMs, before] = points[0];
  const rate = nowMs > fromMs ? ((came - before) / (nowMs - fromMs)) * 1000 : null;
  const series = rates.get(name) ?? new Series(SPARK_MS);
  rates.set(name, series);
  if (rate !== null) series.add(nowMs, [rate]);
  return rate;
}

function makeRow({ name }) {
  const row = element("tr");
  const head = element("th");
  head.scope = "row";
  const link = element("a");
  setName(link, name);
  link.href = `/v1/datasets/${name}/quality`;
  link.title = "How good its rows of the last day are for training";
  head.append(link);
  const line = element("td", "", "spark wide-only");
  line.append(sparkline());
  // On a phone, where there are no columns, each figure has its title beside it.
  const figures = FIGURES.map((title) => {
    const cell = element("td", "", "n");
    cell.dataset.title = title;
    return cell;
  });
  row.append(head, ...figures, line);
  return row;
}

function fillRow(row, { name, rate, accepted, refused, letters }, nowMs) {
  const [, speed, good, bad, kept, line] = row.children;
  const figure = (cell, value, unless) => {
    setText(cell, numberText(value));
    setClass(cell, value === 0 ? "n zero" : `n ${unless}`.trim());
  };
  setText(speed, rateText(rate));
  setClass(speed, rate === 0 ? "n zero" : "n");
  figure(good, accepted, "");
  figure(bad, refused, "bad");
  figure(kept, letters, "");
  kept.classList.add("letters");
  const [times, values] = rates.get(name).columns(1, nowMs - SPARK_MS);
  drawSparkline(
    line.firstElementChild,
    times.map((timeMs, index) => [timeMs, values[index]]),
    nowMs - SPARK_MS,
    nowMs,
  );
}

function noteOf(rows) {
  if (rows.every(({ accepted, refused }) => accepted + refused === 0)) {
    return "Nothing was pushed yet: POST /v1/ingest/… takes rows of other programs.";
  }
  const reasons = new Map();
  for (const { rejected } of rows) {
    for (const [reason, count] of Object.entries(rejected))
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  const told = [...reasons].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  if (told.length === 0) return "Every row that was pushed was accepted.";
  return `Rejected by reason: ${told.map(([reason, count]) => `${numberText(count)} ${reason}`).join(", ")}.`;
}

const sum = (counts) => counts.reduce((total, count) => total + count, 0);
