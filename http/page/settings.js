// What can be changed while it runs: one setting at a time, with what it means and what is expected.

import { ApiError, getJson, sendJson } from "./api.js";
import { byId, element, setClass, setText } from "./dom.js";

const EFFECTS = {
  live: "in effect",
  restarted: "in effect, the actors concerned were started again",
  "when-started": "taken when the actor is started",
  "next-start": "in effect from the next start on",
  unchanged: "as it was",
};

let settings = [];

export async function showSettings() {
  ({ settings } = await getJson("/v1/config"));
  const select = byId("setting-name");
  const names = settings
    .filter(({ change, writable, secret }) => change !== "fixed" && writable && !secret)
    .map(({ name }) => name);
  if (select.options.length !== names.length) {
    select.replaceChildren(...names.map((name) => element("option", name)));
    choose();
  } else describe();
}

/** Whether whoever looks may change anything. */
export function allowSettings(may) {
  byId("setting-set").disabled = !may;
}

const chosen = () => settings.find(({ name }) => name === byId("setting-name").value);

function choose() {
  byId("setting-value").value = String(chosen()?.value ?? "");
  say("");
  describe();
}

function describe() {
  const setting = chosen();
  if (setting === undefined) return;
  const { meaning, expected, source, change } = setting;
  const how = change === "restarts" ? " Changing it starts actors again." : "";
  setText(byId("setting-about"), `${meaning} Expected: ${expected}. Now from: ${source}.${how}`);
}

async function change() {
  const name = byId("setting-name").value;
  const value = byId("setting-value").value.trim();
  try {
    const body = { set: { [name]: value === "" ? null : value }, persist: byId("setting-persist").checked };
    const { changed } = await sendJson("PATCH", "/v1/config", body, { timeoutMs: 60_000 });
    await showSettings();
    byId("setting-value").value = String(chosen()?.value ?? "");
    say(changed.map(({ name: own, effect }) => `${own}: ${EFFECTS[effect] ?? effect}`).join("; "));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say(error.message, true);
  }
}

function say(text, isError = false) {
  setClass(byId("settings-note"), isError ? "note error" : "note");
  setText(byId("settings-note"), text);
}

byId("setting-name").addEventListener("change", choose);
byId("setting-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void change();
});
