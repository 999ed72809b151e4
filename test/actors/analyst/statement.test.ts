import assert from "node:assert/strict";
import { test } from "node:test";
import { literal, readStatement } from "../../../actors/analyst/statement.ts";

/** Where the words and signs of a text without comments and quotes begin, in bytes. */
function offsets(sql: string): number[] {
  return [...sql.matchAll(/[\wé]+|[^\s\w]/g)].map(({ index }) => Buffer.byteLength(sql.slice(0, index)));
}

test("a query is taken without its semicolons", () => {
  for (const [sql, text] of [
    ["select 1", "select 1"],
    ["  SELECT 1 ; ; ", "SELECT 1 "],
    ["((select 1))", "((select 1))"],
    ["select é from x;", "select é from x"],
  ] as const) {
    assert.deepEqual(readStatement(sql, offsets(sql)), { ok: true, text, explain: "", isRun: true });
  }
});

test("EXPLAIN is taken off, with its options", () => {
  for (const [sql, explain, text, isRun] of [
    ["EXPLAIN SELECT 1", "EXPLAIN ", "SELECT 1", false],
    ["explain analyze from memory;", "explain analyze ", "from memory", true],
    ["EXPLAIN (FORMAT json) SELECT 1", "EXPLAIN (FORMAT json) ", "SELECT 1", false],
    ["EXPLAIN (ANALYZE, FORMAT json) SELECT 1", "EXPLAIN (ANALYZE, FORMAT json) ", "SELECT 1", true],
    ["EXPLAIN (SELECT 1)", "EXPLAIN ", "(SELECT 1)", false],
  ] as const) {
    assert.deepEqual(readStatement(sql, offsets(sql)), { ok: true, text, explain, isRun }, sql);
  }
});

test("what does not read is refused by its first word", () => {
  for (const [sql, came] of [
    ["insert into x", "INSERT"],
    ["((update x))", "UPDATE"],
    ["explain drop table x", "DROP"],
    ["explain", "nothing"],
    ["", "nothing"],
    [";", "nothing"],
  ] as const) {
    const refused = readStatement(sql, offsets(sql));
    assert.ok(!refused.ok);
    assert.match(refused.message, new RegExp(`came ${came}`), sql);
  }
});

test("parameters are literals of their own type", () => {
  for (const [param, text] of [
    ["", "''"],
    ["it's", "'it''s'"],
    ["''\\", "'''''\\'"],
    [0, "0"],
    [-0, "-0e0"],
    [-5, "-5"],
    [9007199254740991, "9007199254740991"],
    [9007199254740992, "9007199254740992e0"],
    [1.5, "1.5e0"],
    [1e-7, "1e-7"],
    [1e300, "1e+300"],
    [true, "true"],
    [false, "false"],
    [null, "NULL"],
  ] as const) {
    assert.equal(literal(param, 0), text);
  }
  for (const param of [Number.POSITIVE_INFINITY, Number.NaN, "\0"])
    assert.equal(typeof literal(param, 0), "object");
});
