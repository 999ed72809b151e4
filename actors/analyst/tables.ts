/**
 * Datasets as tables of SQL.
 *
 * - Moments are TIMESTAMP in UTC, without a zone: those with one need DuckDB's ICU extension.
 * - Measures are signed, wide enough for all their values: a difference of two may be negative, and DuckDB refuses that in an unsigned type.
 * - Pseudonyms are what they are in every export: UBIGINT or UINTEGER. Nobody reckons with them.
 * - No column is NOT NULL: a query must mean the same with and without the columns that it does not need.
 *
 * A table is a view over the columns that were loaded, in the schema `stored`; the others are NULL there. So the names and types
 * are always those of the dataset, and what is not read takes no memory.
 */

import type { Dataset, PublicColumn } from "../../datasets/define.ts";
import type { TableNeed, TableSpec } from "./duck-protocol.ts";

export const STORED_SCHEMA = "stored";

export function tableOf({ name, time, publicColumns }: Dataset): TableSpec {
  return {
    name,
    time,
    columns: publicColumns.map((column) => ({ name: column.name, type: sqlType(column) })),
  };
}

/** Statements that make the tables, empty, with all their columns. */
export function createTables(tables: readonly TableSpec[]): readonly string[] {
  return [
    `CREATE SCHEMA ${STORED_SCHEMA}`,
    ...tables.flatMap((table) =>
      createTable(
        table,
        table.columns.map(({ name }) => name),
      ),
    ),
  ];
}

/** Statements that make them anew, with only the needed columns loaded. */
export function narrowTables(tables: readonly TableSpec[], needs: readonly TableNeed[]): readonly string[] {
  return needs.flatMap(({ table: name, columns }) =>
    createTable(tables.find((table) => table.name === name)!, columns),
  );
}

/**
 * `now()` and its like as constants, in UTC without a zone like every moment: DuckDB's own have a zone, with which it can do
 * nothing without the ICU extension. Constants let it see which hours `timestamp > now() - INTERVAL 1 DAY` needs.
 */
export function clockMacros(nowMs: number): readonly string[] {
  const now = `TIMESTAMP ${quoteText(momentText(nowMs))}`;
  return [
    ...["now", "get_current_timestamp", "transaction_timestamp", "current_localtimestamp"].map((name) => [
      name,
      now,
    ]),
    ...["today", "current_date"].map((name) => [name, `CAST(${now} AS DATE)`]),
    ...["get_current_time", "current_localtime"].map((name) => [name, `CAST(${now} AS TIME)`]),
  ].map(([name, value]) => `CREATE MACRO ${name}() AS ${value}`);
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A literal of DuckDB's: a quote is doubled, and nothing else means anything in it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function createTable({ name, columns }: TableSpec, loaded: readonly string[]): readonly string[] {
  const stored = `${STORED_SCHEMA}.${quoteName(name)}`;
  const own = loaded.map((column) => {
    const { type } = columns.find((candidate) => candidate.name === column)!;
    return `${quoteName(column)} ${type}`;
  });
  const seen = columns.map((column) => {
    const quoted = quoteName(column.name);
    return loaded.includes(column.name) ? quoted : `CAST(NULL AS ${column.type}) AS ${quoted}`;
  });
  return [
    `CREATE OR REPLACE TABLE ${stored} (${own.join(", ")})`,
    `CREATE OR REPLACE VIEW main.${quoteName(name)} AS SELECT ${seen.join(", ")} FROM ${stored}`,
  ];
}

function momentText(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}

function sqlType({ name, field, spec }: PublicColumn): string {
  const isMeasure = spec.class === "measure";
  switch (field.type) {
    case "timestamp":
      return "TIMESTAMP";
    case "f64":
      return "DOUBLE";
    case "f32":
      return "FLOAT";
    case "bool":
      return "BOOLEAN";
    case "category":
      return "VARCHAR";
    case "u8":
      return isMeasure ? "SMALLINT" : "UTINYINT";
    case "u16":
      return isMeasure ? "INTEGER" : "USMALLINT";
    case "u32":
      return isMeasure ? "BIGINT" : "UINTEGER";
    case "u64":
      return isMeasure ? "BIGINT" : "UBIGINT";
    case "i32":
      return "INTEGER";
    case "i64":
      return "BIGINT";
    case "utf8":
      throw new RangeError(`column ${name} is text, which does not leave`);
  }
}
