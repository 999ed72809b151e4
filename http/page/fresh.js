// How old what is shown is: a section says when it was brought up to date, and one ticker writes the ages beside its heading.

import { setClass, setText } from "./dom.js";
import { ageText } from "./text.js";

const TICK_MS = 500;
/** So many intervals late, it is old. */
const LATE = 3;

const sections = new Map();

/** @param everyMs how often the section is brought up to date when all is well */
export function fresh(name, everyMs) {
  sections.set(name, { at: performance.now(), everyMs });
}

export const ageOf = (name) => {
  const section = sections.get(name);
  return section === undefined ? undefined : performance.now() - section.at;
};

export function isStale(name) {
  const section = sections.get(name);
  return section !== undefined && performance.now() - section.at > LATE * section.everyMs + 1000;
}

const ticks = new Set();

/** Called twice a second while the page is looked at. */
export function onTick(tick) {
  ticks.add(tick);
}

function tick() {
  if (document.hidden) return;
  for (const node of document.querySelectorAll("[data-fresh]")) {
    const name = node.dataset.fresh;
    const age = ageOf(name);
    const isOld = isStale(name);
    setText(node, age === undefined ? "" : isOld || age >= 1500 ? `${ageText(age)} ago` : "now");
    setClass(node, isOld ? "fresh stale" : "fresh");
  }
  for (const each of ticks) each();
}

setInterval(tick, TICK_MS);
document.addEventListener("visibilitychange", tick);
