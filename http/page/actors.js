// The supervision tree, and what an operator does to it. What cannot be taken back needs a second click.

import { ApiError, getJson, sendJson } from "./api.js";
import { armed } from "./armed.js";
import { serverNow } from "./connection.js";
import { byId, element, keyed, setClass, setText } from "./dom.js";
import { clockText, durationText, numberText } from "./text.js";

const GOOD = ["running"];
const BAD = ["failed", "backingOff", "escalated"];
const WORDS = { backingOff: "waits to start" };

let mayControl = false;

/** Whether whoever looks may do more than look. */
export function allowControl(may) {
  mayControl = may;
  document.body.classList.toggle("may-control", may);
}

export async function showActors() {
  const { tree } = await getJson("/v1/actors");
  keyed(byId("actors-rows"), linesOf(tree), ({ key }) => key, makeLine, updateLine);
}

/** Groups, each followed by its actors, each followed by what went wrong with it. */
function linesOf(supervisor) {
  return supervisor.children.flatMap((child) => {
    if (child.kind === "supervisor") {
      return [{ kind: "group", key: `group ${child.name}`, group: child }, ...linesOf(child)];
    }
    return [
      { kind: "actor", key: `actor ${child.name}`, actor: child },
      { kind: "failure", key: `failure ${child.name}`, actor: child },
    ];
  });
}

function makeLine({ kind, actor }) {
  const line = element("tr", "", kind);
  if (kind === "group") {
    const head = element("th");
    head.colSpan = 7;
    head.scope = "colgroup";
    line.append(head);
  } else if (kind === "failure") {
    const cell = element("td");
    cell.colSpan = 7;
    line.append(cell);
  } else line.append(...actorCells(actor.name));
  return line;
}

function actorCells(name) {
  const head = element("th", name);
  head.scope = "row";
  const state = element("td");
  const shown = element("span", "", "state");
  const dot = element("i", "", "dot");
  dot.ariaHidden = "true";
  shown.append(dot, element("span"));
  state.append(shown);
  const buttons = element("td", "", "buttons");
  buttons.append(
    ...["restart", "pause", "stop"].map((command) => {
      const button = element("button");
      button.type = "button";
      button.dataset.command = command;
      armed(
        button,
        () => command !== "pause",
        () => void send(name, button.dataset.command),
      );
      return button;
    }),
  );
  return [
    head,
    state,
    element("td", "", "soft wide-only"),
    element("td", "", "n restarts"),
    element("td", "", "n wide-only"),
    element("td", "", "n wide-only"),
    buttons,
  ];
}

function updateLine(line, { kind, group, actor }) {
  if (kind === "group") {
    const restarts = group.recentRestarts > 0 ? `, ${group.recentRestarts} restarts lately` : "";
    setText(line.firstElementChild, `${group.name} · ${group.strategy}${restarts}`);
  } else if (kind === "failure") {
    line.hidden = actor.lastFailure === null;
    if (actor.lastFailure === null) return;
    const { at, message } = actor.lastFailure;
    setText(
      line.firstElementChild,
      `${durationText(Math.max(0, serverNow() - Date.parse(at)))} ago: ${message}`,
    );
  } else updateActor(line, actor);
}

function updateActor(line, { name, state, thread, restarts, nextStartInMs, mailbox, lagSlots }) {
  const [, stateCell, threadCell, restartsCell, mailboxCell, lagCell, buttons] = line.children;
  const shown = stateCell.firstElementChild;
  const wait = nextStartInMs === null ? "" : ` ${durationText(nextStartInMs)}`;
  setText(shown.lastElementChild, `${WORDS[state] ?? state}${wait}`);
  setClass(shown, `state ${GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : "warn"}`);
  setText(threadCell, thread);
  setText(restartsCell, numberText(restarts));
  setText(mailboxCell, `${mailbox.depth} / ${mailbox.capacity}`);
  setText(lagCell, numberText(Object.values(lagSlots).reduce((sum, slots) => sum + slots, 0)));
  const [restart, pause, stop] = buttons.children;
  const isUp = state !== "stopped" && state !== "escalated";
  offer(restart, name, "restart", isUp);
  offer(pause, name, state === "paused" ? "resume" : "pause", state === "paused" || state === "running");
  offer(stop, name, isUp ? "stop" : "start", true);
}

function offer(button, name, command, isPossible) {
  button.disabled = !(isPossible && mayControl) || button.dataset.busy === "true";
  if (button.dataset.command === command && button.ariaLabel !== null) return;
  button.dataset.command = command;
  button.disarm(`${command[0].toUpperCase()}${command.slice(1)}`, `${command} ${name}`);
}

async function send(name, command) {
  const note = byId("actors-note");
  setClass(note, "note");
  setText(note, `${command} ${name}…`);
  try {
    await sendJson("POST", `/v1/actors/${encodeURIComponent(name)}/${command}`, undefined, {
      timeoutMs: 60_000,
    });
    setText(note, `${name}: ${command} done.`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    setClass(note, "note error");
    setText(note, `${name}: ${error.message}`);
  }
  await showActors().catch(() => {});
}

const SHOWN_TRANSITIONS = 6;
const transitions = [];

/** A change of an actor's state, from the stream of events. */
export function showTransition({ number, actor, from, to, reason, at }) {
  const latest = transitions[0]?.number ?? 0;
  // Numbers begin anew with the process.
  if (number <= latest) transitions.length = 0;
  transitions.unshift({ number, actor, from, to, reason, atMs: Date.parse(at) });
  byId("transitions-none").hidden = true;
  transitions.length = Math.min(transitions.length, SHOWN_TRANSITIONS);
  keyed(
    byId("transitions"),
    transitions,
    ({ number: own, atMs: time }) => `${own} ${time}`,
    makeTransition,
    () => {},
  );
}

function makeTransition({ actor, from, to, reason, atMs }) {
  const item = element("li");
  const time = element("time", clockText(atMs));
  time.dateTime = new Date(atMs).toISOString();
  const text = element("span", `${actor}: ${WORDS[from] ?? from} → `);
  text.append(element("span", WORDS[to] ?? to, GOOD.includes(to) ? "good" : BAD.includes(to) ? "bad" : ""));
  if (reason !== null) text.append(`. ${reason}`);
  item.append(time, text);
  return item;
}
