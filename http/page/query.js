// SQL, and its result as a table.

import { byId, element, postJson } from "./base.js";

const SHOWN_ROWS = 200;
const SHOWN_CHARACTERS = 120;

let running;

async function runQuery() {
  running?.abort();
  const own = new AbortController();
  running = own;
  const note = byId("query-note");
  note.textContent = "running…";
  const startedMs = performance.now();
  try {
    const { columns, rows, truncated } = await postJson(
      "/v1/query",
      { sql: byId("query-sql").value, maxRows: SHOWN_ROWS },
      own.signal,
    );
    if (own !== running) return;
    showResult(columns, rows);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
    const most = truncated ? `the first ${SHOWN_ROWS} rows` : `${rows.length} rows`;
    note.textContent = `${most}, ${seconds} s`;
  } catch (error) {
    if (own !== running) return;
    byId("query-result").hidden = true;
    note.textContent = error.message;
  }
}

function showResult(columns, rows) {
  const table = byId("query-result");
  const head = document.createElement("tr");
  const shown = columns.map(({ name }) => {
    return { name, isNumber: rows.every((row) => row[name] === null || typeof row[name] === "number") };
  });
  head.append(...shown.map(({ name, isNumber }) => element("th", name, isNumber ? "n" : "")));
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...shown.map(({ name, isNumber }) => cell(row[name], isNumber)));
    return line;
  });
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...lines);
  table.hidden = false;
}

function cell(value, isNumber) {
  const text = value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  const made = element("td", shown, isNumber ? "n" : "");
  if (shown !== text) made.title = text;
  return made;
}

export function offerQueries() {
  byId("query").addEventListener("submit", (event) => {
    event.preventDefault();
    void runQuery();
  });
  byId("query-sql").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void runQuery();
  });
}
