/** DuckDB's errors, as answers: which kind of no it is, its first lines, and what to do instead. */

import type { DuckRefusal } from "./duck-protocol.ts";

const MAX_LINES = 4;
const MAX_CHARACTERS = 500;

/** What to use instead of an extension that people know. */
const INSTEAD: Readonly<Record<string, string>> = {
  json: "use DuckDB's LIST and STRUCT functions; a result can be had as JSON by its format",
  icu: "moments are TIMESTAMP in UTC, so leave the zone away, or shift them: timestamp + INTERVAL 2 HOUR",
  parquet: "every dataset is a table already; for a Parquet file make an export",
  httpfs: "nothing is read from the network; every dataset is a table already",
  spatial: "no dataset has places",
  excel: "take the result as CSV",
  sqlite_scanner: "every dataset is a table already; for a SQLite file make an export",
};

const TOO_DEEP = /expression depth limit|^Parser Error: memory exhausted/;

export interface SqlError {
  readonly reason: DuckRefusal;
  readonly message: string;
}

const tooDeep: SqlError = {
  reason: "refused",
  message: "the query nests too deeply for DuckDB; make it flatter",
};

export function sqlError(text: string, tables: readonly string[]): SqlError {
  const message = plain(text);
  const extension = extensionIn(message);
  if (extension !== undefined) {
    const instead = INSTEAD[extension] ?? "write it with functions that DuckDB has built in";
    const what =
      /^Catalog Error: (.*) is not in the catalog, but/.exec(message)?.[1] ?? "something in the query";
    return {
      reason: "needs-extension",
      message: `${what} needs DuckDB's extension ${extension}, and none is loaded; ${instead}`,
    };
  }
  if (/^Out of Memory Error|bad_alloc/i.test(message)) {
    return {
      reason: "too-large",
      message: `the query needs more memory than it may have; narrow the time, name fewer columns, or group before joining and sorting (${firstLines(message, 1)})`,
    };
  }
  if (TOO_DEEP.test(message)) return tooDeep;
  return { reason: "refused", message: `${firstLines(message)}${remedy(message, tables)}` };
}

/** What to tell of a query that DuckDB did not survive. */
export function trapError(text: string): SqlError {
  if (/call stack|recursion/i.test(text)) return tooDeep;
  if (/out of memory|bad_alloc|allocat/i.test(text)) return sqlError(`Out of Memory Error: ${text}`, []);
  return {
    reason: "refused",
    message: `DuckDB failed on this query and was started anew (${firstLines(text)}); write it in another way, or with less data`,
  };
}

function remedy(message: string, tables: readonly string[]): string {
  if (/file system operations are disabled|file system LocalFileSystem has been disabled/i.test(message)) {
    return `; no file can be read or written: the tables are ${tables.join(", ")}`;
  }
  if (/read-only/i.test(message)) return "; queries only read";
  if (/^Catalog Error: Table with name/.test(message)) return `; the tables are ${tables.join(", ")}`;
  if (/multiple statements/i.test(message)) {
    return "; send one statement at a time, and list the values of a PIVOT: ON column IN (…)";
  }
  if (/^No statement|No statement to prepare/i.test(message))
    return "; expected one, such as SELECT count(*) FROM memory";
  return "";
}

function extensionIn(message: string): string | undefined {
  const match =
    /required extension '(\w+)'/.exec(message) ??
    /it exists in the (\w+) extension/.exec(message) ??
    /[Ee]xtension "?(\w+)"? (?:is|was|could|has) not/.exec(message) ??
    /(?:INSTALL|LOAD) (\w+);/.exec(message);
  return match?.[1]?.toLowerCase();
}

/** Some errors come as JSON. */
function plain(text: string): string {
  if (!text.startsWith("{")) return text.trim();
  try {
    const { exception_type, exception_message } = JSON.parse(text) as Record<string, unknown>;
    return `${exception_type} Error: ${exception_message}`.trim();
  } catch {
    return text.trim();
  }
}

/** Without empty lines, and without saying the same twice, as DuckDB does at times. */
function firstLines(message: string, most = MAX_LINES): string {
  const lines = message
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !line.startsWith("Did you mean"));
  const kept = lines
    .filter((line, index) => lines.indexOf(line) === index)
    .slice(0, most)
    .join("\n");
  return kept.length > MAX_CHARACTERS ? `${kept.slice(0, MAX_CHARACTERS)}…` : kept;
}
