// Ordering an export, watching it, and taking its file.

import { byId, bytesText, element, getJson, numberText, postJson } from "./base.js";

let watched;

export async function offerExports() {
  const { datasets } = await getJson("/v1/datasets");
  const options = (names) => names.map((name) => element("option", name));
  byId("export-dataset").replaceChildren(...options(datasets.map(({ name }) => name)));
  byId("export-format").replaceChildren(...options(Object.keys(datasets[0].links.exports)));
  byId("export-format").value = "parquet";
  for (const id of ["export-dataset", "export-format", "export-hours", "export-profile"]) {
    byId(id).addEventListener("input", showPython);
  }
  byId("export").addEventListener("submit", (event) => {
    event.preventDefault();
    startExport().catch(exportFailed);
  });
  showPython();
}

/** How the same is had without this page. */
function showPython() {
  const readers = { csv: "read_csv", parquet: "read_parquet", arrow: "read_feather" };
  const format = byId("export-format").value;
  const query = new URLSearchParams({ hours: byId("export-hours").value });
  if (byId("export-profile").value === "anonymous") query.set("profile", "anonymous");
  const url = `${location.origin}/v1/export/${byId("export-dataset").value}.${format}?${query}`;
  const reader = readers[format];
  byId("export-python").textContent =
    reader === undefined
      ? `urllib.request.urlretrieve("${url}", "file.${format}")`
      : `pd.${reader}("${url}")`;
}

async function startExport() {
  watched?.close();
  const order = {
    dataset: byId("export-dataset").value,
    format: byId("export-format").value,
    hours: Number(byId("export-hours").value),
    profile: byId("export-profile").value,
  };
  byId("export-start").disabled = true;
  byId("export-note").textContent = "starting…";
  const job = await postJson("/v1/exports", order);
  const bar = byId("export-progress");
  bar.hidden = false;
  watched = new EventSource(job.links.events);
  watched.addEventListener("progress", ({ data }) => {
    const { seenRows, mostRows, bytes } = JSON.parse(data);
    bar.value = mostRows === 0 ? 0 : seenRows / mostRows;
    byId("export-note").textContent =
      `${numberText(seenRows)} of ${numberText(mostRows)} rows, ${bytesText(bytes)}`;
  });
  watched.addEventListener("done", ({ data }) => exportDone(JSON.parse(data)));
  for (const end of ["failed", "cancelled"]) {
    watched.addEventListener(end, ({ data }) => {
      exportFailed(new Error(JSON.parse(data).failure?.message ?? "the export was cancelled"));
    });
  }
}

function exportDone({ stats, links, fileName }) {
  exportEnded();
  const note = byId("export-note");
  const speed = `${stats.seconds.toLocaleString("en", { maximumFractionDigits: 2 })} s`;
  note.textContent = `${numberText(stats.rows)} rows, ${bytesText(stats.bytes)}, ${speed}. `;
  const file = element("a", fileName);
  file.href = links.file;
  file.download = fileName;
  note.append(file);
  if (links.privacy !== null) {
    const report = element("a", "privacy report");
    report.href = links.privacy;
    note.append(`, ${stats.suppressedRows} rows left out: `, report);
  }
  file.click();
}

function exportFailed(error) {
  exportEnded();
  byId("export-note").textContent = error.message;
}

function exportEnded() {
  watched?.close();
  byId("export-progress").hidden = true;
  byId("export-progress").removeAttribute("value");
  byId("export-start").disabled = false;
}
