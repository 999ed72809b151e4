// What is asked again and again. Nothing is asked while nobody looks at the page, or while the server is lost; both over,
// everything is asked at once. One question of a kind is under way at a time.

import { ApiError } from "./api.js";
import { connection, onConnection } from "./connection.js";
import { byId, setClass, setText } from "./dom.js";
import { fresh } from "./fresh.js";

const polls = new Set();
let allowed = false;

/**
 * Runs `task` every `everyMs`. What it throws is shown in the note of the section (`<name>-note`) until it does well again.
 * @returns asks at once, also when it is not time
 */
export function poll(name, everyMs, task) {
  const own = { timer: undefined, running: false, again: false };
  const note = byId(`${name}-note`);

  async function run() {
    clearTimeout(own.timer);
    if (own.running) {
      own.again = true;
      return;
    }
    if (!mayAsk()) return;
    own.running = true;
    try {
      await task();
      fresh(name, everyMs);
      if (note?.classList.contains("error")) {
        setClass(note, "note");
        setText(note, "");
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (note !== null && error.status !== 0) {
        setClass(note, "note error");
        setText(note, error.message);
      }
    } finally {
      own.running = false;
      const soon = own.again;
      own.again = false;
      own.timer = setTimeout(run, soon ? 0 : everyMs);
    }
  }

  polls.add(run);
  if (allowed) void run();
  return () => void run();
}

/** Whether whoever looks may read: nothing is asked before. */
export function allowPolls(may) {
  allowed = may;
  wake();
}

function mayAsk() {
  return allowed && !document.hidden && connection.state !== "lost";
}

function wake() {
  if (mayAsk()) for (const run of polls) void run();
}

document.addEventListener("visibilitychange", wake);
onConnection((state, before) => {
  if (state === "live" && before === "lost") wake();
});
