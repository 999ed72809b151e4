// SQL, and its result as a table.

import { ApiError, sendJson } from "./api.js";
import { byId, element, setClass, setText } from "./dom.js";
import { fixedText, numberText } from "./text.js";

const SHOWN_ROWS = 200;
const SHOWN_CHARACTERS = 120;

const EXAMPLES = {
  "memory by the minute": `SELECT date_trunc('minute', timestamp) AS minute,
       round(avg(used_percent), 2) AS used_percent, min(available_mb) AS least_available_mb
FROM memory
WHERE timestamp > now() - INTERVAL 1 HOUR
GROUP BY 1 ORDER BY 1 DESC`,
  "programs by memory": `SELECT name_hash, round(max(working_set_mb)) AS most_mb, round(avg(cpu_percent), 2) AS cpu_percent
FROM process
WHERE timestamp > now() - INTERVAL 1 HOUR
GROUP BY 1 ORDER BY 2 DESC LIMIT 20`,
  "percentiles of the last windows": `SELECT window_start, measure, p50, p95, p99
FROM memory_1m
ORDER BY window_start DESC, measure LIMIT 25`,
  "rows of each dataset": `SELECT 'memory' AS dataset, count(*) AS rows FROM memory
UNION ALL SELECT 'process', count(*) FROM process
UNION ALL SELECT 'memory_1m', count(*) FROM memory_1m
UNION ALL SELECT 'process_1m', count(*) FROM process_1m`,
};

let running;

async function runQuery() {
  running?.abort();
  const own = new AbortController();
  running = own;
  say("running…");
  const startedMs = performance.now();
  try {
    const body = { sql: byId("query-sql").value, maxRows: SHOWN_ROWS };
    const limits = { signal: own.signal, timeoutMs: Number.POSITIVE_INFINITY };
    const { columns, rows, truncated } = await sendJson("POST", "/v1/query", body, limits);
    if (own !== running) return;
    showResult(columns, rows);
    const seconds = fixedText((performance.now() - startedMs) / 1000, 2);
    say(`${truncated ? "the first " : ""}${numberText(rows.length)} rows, ${seconds} s`);
  } catch (error) {
    if (own !== running) return;
    if (!(error instanceof ApiError)) throw error;
    byId("query-scroll").hidden = true;
    say(error.message, true);
  }
}

function showResult(columns, rows) {
  const table = byId("query-result");
  const shown = columns.map(({ name }) => {
    return { name, isNumber: rows.every((row) => row[name] === null || typeof row[name] === "number") };
  });
  const head = element("tr");
  for (const { name, isNumber } of shown) {
    const cell = element("th", name, isNumber ? "n" : "");
    cell.scope = "col";
    head.append(cell);
  }
  const lines = rows.map((row) => {
    const line = element("tr");
    line.append(...shown.map(({ name, isNumber }) => cellOf(row[name], isNumber)));
    return line;
  });
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...lines);
  byId("query-scroll").hidden = false;
}

function cellOf(value, isNumber) {
  const text = value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  const made = element("td", shown, isNumber ? "n" : "");
  if (shown !== text) made.title = text;
  return made;
}

function say(text, isError = false) {
  setClass(byId("query-note"), isError ? "note error" : "note");
  setText(byId("query-note"), text);
}

byId("query-examples").append(...Object.keys(EXAMPLES).map((name) => element("option", name)));
const [first] = Object.values(EXAMPLES);
byId("query-sql").value = first;
byId("query-examples").addEventListener("change", ({ target }) => {
  byId("query-sql").value = EXAMPLES[target.value];
});
byId("query-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void runQuery();
});
byId("query-sql").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  void runQuery();
});
