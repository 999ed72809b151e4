// Ordering an export, watching it, and taking its file.

import { ApiError, getJson, sendJson } from "./api.js";
import { byId, element, setClass, setText } from "./dom.js";
import { bytesText, fixedText, numberText } from "./text.js";

const READERS = { csv: "read_csv", parquet: "read_parquet", arrow: "read_feather" };
const FIELDS = ["dataset", "range", "from", "to", "format", "profile"];

let watched;
let running;

export async function offerExports() {
  const { datasets } = await getJson("/v1/datasets");
  const options = (names) => names.map((name) => element("option", name));
  byId("export-dataset").replaceChildren(...options(datasets.map(({ name }) => name)));
  byId("export-format").replaceChildren(...options(Object.keys(datasets[0].links.exports)));
  byId("export-format").value = "parquet";
  showPython();
}

/** Whether whoever looks may take rows away. */
export function allowExports(may) {
  byId("export-start").disabled = !may;
  if (!may) say("This token may not export.");
}

function order() {
  const value = (name) => byId(`export-${name}`).value;
  const span =
    value("range") === "custom"
      ? Object.fromEntries(
          ["from", "to"]
            .filter((name) => value(name) !== "")
            .map((name) => [name, new Date(value(name)).toISOString()]),
        )
      : { hours: Number(value("range")) };
  return { dataset: value("dataset"), format: value("format"), ...span, profile: value("profile") };
}

/** How the same is had without this page. */
function showPython() {
  for (const label of document.querySelectorAll("#export .custom")) {
    label.hidden = byId("export-range").value !== "custom";
  }
  const { dataset, format, profile, ...span } = order();
  const query = new URLSearchParams(span);
  if (profile !== "pseudonymous") query.set("profile", profile);
  const url = `${location.origin}/v1/export/${dataset}.${format}?${query}`;
  const reader = READERS[format];
  setText(
    byId("export-python"),
    reader === undefined
      ? `import urllib.request\nurllib.request.urlretrieve("${url}", "${dataset}.${format}")`
      : `import pandas as pd\nrows = pd.${reader}("${url}")`,
  );
}

async function start() {
  watched?.close();
  byId("export-start").disabled = true;
  say("starting…");
  try {
    const job = await sendJson("POST", "/v1/exports", order());
    running = job;
    byId("export-cancel").hidden = false;
    byId("export-progress").hidden = false;
    watch(job);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    ended();
    say(error.message, true);
  }
}

function watch(job) {
  watched = new EventSource(job.links.events);
  const on = (name, handle) => watched.addEventListener(name, ({ data }) => handle(JSON.parse(data)));
  on("progress", ({ seenRows, mostRows, bytes }) => {
    byId("export-progress").value = mostRows === 0 ? 0 : seenRows / mostRows;
    say(`${numberText(seenRows)} of ${numberText(mostRows)} rows, ${bytesText(bytes)}`);
  });
  on("done", done);
  for (const end of ["failed", "cancelled"]) {
    on(end, ({ failure }) => {
      ended();
      say(failure?.message ?? "The export was cancelled.", end === "failed");
    });
  }
  watched.addEventListener("error", () => {
    // The browser connects again by itself, unless the answer was no stream: the job went with the server.
    if (watched?.readyState !== EventSource.CLOSED) return;
    ended();
    say("The export is gone: the server was started again. Order it anew.", true);
  });
}

function done({ stats, links, fileName }) {
  ended();
  say(`${numberText(stats.rows)} rows, ${bytesText(stats.bytes)}, ${fixedText(stats.seconds, 2)} s: `);
  const note = byId("export-note");
  const file = element("a", fileName);
  file.href = links.file;
  file.download = fileName;
  note.append(file);
  if (links.privacy !== null) {
    const report = element("a", "privacy report");
    report.href = links.privacy;
    note.append(`, ${numberText(stats.suppressedRows)} rows left out: `, report);
  }
  file.click();
}

function ended() {
  watched?.close();
  watched = undefined;
  running = undefined;
  byId("export-progress").hidden = true;
  byId("export-progress").removeAttribute("value");
  byId("export-cancel").hidden = true;
  byId("export-start").disabled = false;
}

function say(text, isError = false) {
  setClass(byId("export-note"), isError ? "note error" : "note");
  setText(byId("export-note"), text);
}

for (const name of FIELDS) byId(`export-${name}`).addEventListener("input", showPython);
byId("export-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void start();
});
byId("export-cancel").addEventListener("click", () => {
  if (running !== undefined)
    sendJson("DELETE", running.links.self).catch((error) => say(error.message, true));
});
byId("python-copy").addEventListener("click", async () => {
  const button = byId("python-copy");
  try {
    await navigator.clipboard.writeText(byId("export-python").textContent);
    setText(button, "Copied");
  } catch {
    setText(button, "Select it");
    getSelection()?.selectAllChildren(byId("export-python"));
  }
  setTimeout(() => setText(button, "Copy"), 2000);
});
