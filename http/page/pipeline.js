// What the stages do: the way that rows take, as a picture, and each stage of each dataset as a table.

import { getJson } from "./api.js";
import { serverNow, serverSaid } from "./connection.js";
import { byId, element, fillRow, keyed, makeRow, setClass, setText } from "./dom.js";
import { numberText, rateText } from "./text.js";

/** Who stands where; those of one place work side by side. */
const PLACES = [["anonymizer"], ["recorder", "broadcaster"], ["windower"]];

/** Rows that have come in at the last look, by the server's time. */
let before;

/** @param ledger gives rows received in all, from sources */
export async function showPipeline(received) {
  const askedMs = Date.now();
  const { at, stages } = await getJson("/v1/stages");
  serverSaid(Date.parse(at), askedMs);
  const actors = new Set(stages.map(({ actor }) => actor));
  const known = PLACES.flat();
  const others = [...actors].filter((actor) => !known.includes(actor));
  const places = [...PLACES, ...others.map((actor) => [actor])]
    .map((place) => place.filter((actor) => actors.has(actor)))
    .filter((place) => place.length > 0);
  showFlow(places, stages, sourceRate(received));
  showTable(places.flat(), stages);
}

/** Rows by the second that the samplers and intakes have let in, between the two latest looks. */
function sourceRate(rows) {
  if (rows === undefined) return null;
  const now = { rows, atMs: serverNow() };
  if (before === undefined || rows < before.rows || now.atMs - before.atMs > 60_000)
    before = { ...now, rate: null };
  else if (now.atMs - before.atMs >= 9000)
    before = { ...now, rate: ((rows - before.rows) * 1000) / (now.atMs - before.atMs) };
  return before.rate;
}

function showFlow(places, stages, rate) {
  const sources = { name: "sampler, intake", rate, text: "rows that come in", waits: false };
  const all = [[sources], ...places.map((place) => place.map((actor) => stageOf(actor, stages)))];
  keyed(
    byId("flow"),
    all,
    (place) => place.map(({ name }) => name).join(" "),
    () => element("li"),
    (item, place) => {
      keyed(
        item,
        place,
        ({ name }) => name,
        makeStage,
        (box, stage) => {
          setText(box.children[1], stage.rate === null ? "–" : `${rateText(stage.rate)} /s`);
          setText(box.children[2], stage.text);
          setClass(box, stage.waits ? "stage waits" : "stage");
        },
      );
    },
  );
}

function stageOf(actor, stages) {
  const own = stages.filter((stage) => stage.actor === actor);
  const latencies = own.map(({ latency }) => latency).filter((latency) => latency !== null);
  const slowest = latencies.length === 0 ? null : Math.max(...latencies.map(({ p99Ms }) => p99Ms));
  const lag = own.reduce((sum, { lagSlots }) => sum + lagSlots, 0);
  const waiting = lag === 0 ? "nothing waits" : `${lag} ${lag === 1 ? "batch waits" : "batches wait"}`;
  return {
    name: actor,
    rate: own.reduce((sum, { rowsPerSecond }) => sum + rowsPerSecond, 0),
    text: slowest === null ? waiting : `p99 ${millisecondsText(slowest)} ms, ${waiting}`,
    waits: lag > 3,
  };
}

function makeStage({ name }) {
  const box = element("div", "", "stage");
  box.append(element("b", name), element("span", "", "rate"), element("small"));
  return box;
}

function showTable(actors, stages) {
  const head = byId("stages-head");
  keyed(
    head,
    [actors],
    () => actors.join(" "),
    () => headOf(actors),
    () => {},
  );
  const datasets = [...new Set(stages.map(({ dataset }) => dataset))];
  const width = 1 + actors.length;
  keyed(
    byId("stages-rows"),
    datasets,
    (name) => `${name} ${width}`,
    () => lineOf(width),
    (row, dataset) => {
      setText(row.firstElementChild, dataset);
      for (const [index, actor] of actors.entries()) {
        const stage = stages.find((one) => one.dataset === dataset && one.actor === actor);
        const cell = row.children[index + 1];
        setText(cell.children[0], stage === undefined ? "" : rateText(stage.rowsPerSecond));
        setText(cell.children[1], stage === undefined ? "" : latencyText(stage));
        setClass(cell.children[0], stage?.rowsPerSecond === 0 ? "zero" : "");
      }
    },
  );
}

function headOf(actors) {
  const row = makeRow(["", ...actors.map(() => "")]);
  fillRow(row, ["Dataset", ...actors.map(() => ["", "n"])]);
  for (const [index, actor] of actors.entries()) {
    const cell = element("th", actor, "n");
    cell.scope = "col";
    cell.append(element("br"), element("small", "rows/s  ·  p50 / p99 ms"));
    row.children[index + 1].replaceWith(cell);
  }
  row.firstElementChild.scope = "col";
  return row;
}

function lineOf(width) {
  const row = makeRow(Array.from({ length: width }, () => ""));
  for (const cell of [...row.children].slice(1)) cell.append(element("span"), element("small"));
  return row;
}

function latencyText({ latency, lagSlots }) {
  const times =
    latency === null ? "–" : `${millisecondsText(latency.p50Ms)} / ${millisecondsText(latency.p99Ms)}`;
  return lagSlots === 0 ? times : `${times} · ${numberText(lagSlots)} wait`;
}

/** Figures are upper ends of classes of whole milliseconds; the last class has no end. */
function millisecondsText(ms) {
  return ms === null || ms > 60_000 ? "> 60 000" : ms === 0 ? "< 1" : numberText(ms);
}
