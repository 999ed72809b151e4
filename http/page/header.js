// The head of the page: whether the server is there, how fresh what it sends is, how it is, and the theme.

import { getJson } from "./api.js";
import { recoloured } from "./colours.js";
import { connection, onConnection } from "./connection.js";
import { byId, setClass, setText } from "./dom.js";
import { ageOf, isStale, onTick } from "./fresh.js";
import { ageText, durationText } from "./text.js";

/** So long after the page was opened, the first sample should be there. */
const FIRST_SAMPLE_MS = 6000;
const THEMES = { system: "light", light: "dark", dark: "system" };

export async function showHealth() {
  const { status, version, uptimeSeconds, actors } = await getJson("/health");
  const { running, total, paused, stopped, down } = actors;
  const pill = byId("health");
  const odd = Object.entries({ paused, stopped, down }).filter(([, names]) => names.length > 0);
  const how = [
    running === total ? `${total} actors` : `${running} of ${total} actors`,
    ...odd.map(([state, names]) => `${names.join(", ")} ${state}`),
  ].join("; ");
  setText(pill, `${status}, ${how}, up ${durationText(uptimeSeconds * 1000)}`);
  setClass(pill, status === "ok" ? "pill" : down.length > 0 ? "pill bad" : "pill warn");
  setText(byId("version"), version);
}

/** A sample has come: the dot beats. */
export function beat() {
  const pill = byId("live");
  if (document.hidden || pill.classList.contains("beat")) return;
  pill.classList.add("beat");
  pill.firstElementChild.addEventListener("animationend", () => pill.classList.remove("beat"), {
    once: true,
  });
}

function showConnection() {
  const pill = byId("live");
  const noneCame = ageOf("memory") === undefined && performance.now() > FIRST_SAMPLE_MS;
  const isSilent = connection.state === "live" && (isStale("memory") || noneCame);
  const state = isSilent ? "silent" : connection.state;
  pill.dataset.state = state;
  setText(
    byId("live-state"),
    { live: "live", silent: "no new samples", lost: "lost", connecting: "connecting" }[state],
  );
  const age = ageOf("memory");
  // While it is lost: since when.
  const sinceMs = connection.state === "lost" ? performance.now() - connection.lostAt : age;
  setText(byId("live-age"), sinceMs === undefined ? "" : ageText(sinceMs));
  const isLost = connection.state === "lost";
  document.body.classList.toggle("is-lost", isLost);
  const banner = byId("lost");
  if (!isLost) banner.hidden = true;
  else {
    // Set once, for who hears it; the seconds stand in the head.
    if (banner.hidden)
      setText(banner, "The server does not answer. Trying again every second; what is below is old.");
    banner.hidden = false;
  }
}

function showTheme() {
  setText(byId("theme"), `Theme: ${document.documentElement.dataset.theme ?? "system"}`);
}

byId("theme").addEventListener("click", () => {
  const next = THEMES[document.documentElement.dataset.theme ?? "system"];
  try {
    if (next === "system") localStorage.removeItem("millrace-theme");
    else localStorage.setItem("millrace-theme", next);
  } catch {
    // A browser that keeps nothing for pages: the theme lasts as long as the page.
  }
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  showTheme();
  recoloured();
});
showTheme();
onConnection(showConnection);
onTick(showConnection);
