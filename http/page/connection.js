// Whether the server is there, and what time it is there. Whoever talks to it says so here; one place decides what is shown.
//
// `lost` begins when a request got no answer at all, and ends when anything is heard. While it is lost the server is asked
// every PROBE_MS whether it is back, and nothing else is asked.

const PROBE_MS = 1000;
const PROBE_TIMEOUT_MS = 5000;

const listeners = new Set();
let probing;

export const connection = {
  /** "connecting", "live" or "lost". */
  state: "connecting",
  /** When it was last heard of, and since when it is lost; by this machine's monotonic clock. */
  heardAt: performance.now(),
  lostAt: 0,
  /** Adds up to the server's wall time. */
  offsetMs: 0,
};

/** Hears of each change of state: `(state, before)`. */
export function onConnection(listener) {
  listeners.add(listener);
}

export const serverNow = () => Date.now() + connection.offsetMs;

/** The server has said what time it is there, when asked at `askedMs`. */
export function serverSaid(nowMs, askedMs) {
  const offset = nowMs - (askedMs + Date.now()) / 2;
  // Two clocks of one machine differ by less than what an answer takes.
  connection.offsetMs = Math.abs(offset) < 250 ? 0 : offset;
}

export function heard() {
  connection.heardAt = performance.now();
  become("live");
}

export function missed() {
  if (connection.state !== "lost") connection.lostAt = performance.now();
  become("lost");
  probe();
}

/** A stream was cut: is it the stream alone? */
export function doubt() {
  probe(0);
}

function become(state) {
  const before = connection.state;
  if (state === before) return;
  connection.state = state;
  for (const listener of listeners) listener(state, before);
}

function probe(inMs = PROBE_MS) {
  if (probing !== undefined) return;
  probing = setTimeout(async () => {
    try {
      await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
      probing = undefined;
      heard();
    } catch {
      probing = undefined;
      missed();
    }
  }, inMs);
}
