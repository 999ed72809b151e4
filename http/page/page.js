// The page's script. It runs in a browser and uses only what the API offers to everybody.

const UNITS = {
  used_percent: ["Used", "%"],
  available_mb: ["Available", "MiB"],
  total_mb: ["Total", "MiB"],
  page_file_used_mb: ["Swap in use", "MiB"],
  processes_count: ["Processes", ""],
};
const REFRESH_MS = 5000;

const byId = (id) => document.getElementById(id);

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

async function getJson(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  return response.json();
}

async function showHealth() {
  const { status, version, actors } = await getJson("/health");
  const pill = byId("health");
  pill.textContent = `${status} · ${actors.running} of ${actors.total} actors · ${version}`;
  pill.className = `pill ${status === "ok" ? "good" : "bad"}`;
}

function leaves(node) {
  return node.kind === "actor" ? [node] : node.children.flatMap(leaves);
}

async function showActors() {
  const { tree } = await getJson("/v1/actors");
  const rows = leaves(tree).map((actor) => {
    const row = document.createElement("tr");
    const lag = Object.values(actor.lag_slots).reduce((sum, slots) => sum + slots, 0);
    row.append(
      element("td", actor.name),
      element("td", actor.state, actor.state === "running" ? "good" : "bad"),
      element("td", actor.thread),
      element("td", actor.restarts, "n"),
      element("td", lag, "n"),
      element("td", `${actor.mailbox.depth} / ${actor.mailbox.capacity}`, "n"),
    );
    if (actor.last_failure) row.title = `${actor.last_failure.at}: ${actor.last_failure.message}`;
    return row;
  });
  byId("actors").replaceChildren(...rows);
}

async function showDatasets() {
  const { datasets } = await getJson("/v1/datasets");
  const items = datasets.map(({ title, links }) => {
    const item = document.createElement("li");
    item.append(element("span", title));
    for (const [format, href] of Object.entries(links.exports)) {
      const link = element("a", format === "csv" ? "CSV" : "Parquet");
      link.href = href;
      link.download = "";
      item.append(link);
    }
    return item;
  });
  byId("datasets").replaceChildren(...items);
}

function showMemory(event) {
  const row = JSON.parse(event.data);
  const parts = Object.entries(UNITS).flatMap(([name, [label, unit]]) => {
    const value = row[name];
    const shown = value === null ? "–" : value.toLocaleString("en", { maximumFractionDigits: 1 });
    const pair = document.createElement("div");
    pair.append(element("dt", label), element("dd", `${shown}${unit && ` ${unit}`}`));
    return [pair];
  });
  byId("memory").replaceChildren(...parts);
  byId("stream").textContent = `sample ${event.lastEventId}, ${new Date(row.timestamp).toLocaleTimeString()}`;
}

function lost() {
  const pill = byId("health");
  pill.textContent = "no answer";
  pill.className = "pill bad";
}

function refresh() {
  if (document.hidden) return;
  showHealth().catch(lost);
  showActors().catch(lost);
}

const stream = new EventSource("/v1/streams/memory");
stream.addEventListener("memory", showMemory);
stream.addEventListener("error", () => {
  byId("stream").textContent = "the stream is interrupted; connecting again…";
});
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH_MS);
refresh();
showDatasets().catch(lost);
