// The host's memory, the actors, and whether all is well.

import { byId, element, getJson } from "./base.js";

const UNITS = {
  used_percent: ["Used", "%"],
  available_mb: ["Available", "MiB"],
  total_mb: ["Total", "MiB"],
  page_file_used_mb: ["Swap in use", "MiB"],
  processes_count: ["Processes", ""],
};

export async function showHealth() {
  const { status, version, actors } = await getJson("/health");
  const pill = byId("health");
  pill.textContent = `${status} · ${actors.running} of ${actors.total} actors · ${version}`;
  pill.className = `pill ${status === "ok" ? "good" : "bad"}`;
}

function leaves(node) {
  return node.kind === "actor" ? [node] : node.children.flatMap(leaves);
}

export async function showActors() {
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

export function showMemory(event) {
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

export function lost() {
  const pill = byId("health");
  pill.textContent = "no answer";
  pill.className = "pill bad";
}
