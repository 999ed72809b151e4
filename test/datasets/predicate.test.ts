import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Dataset, defineDataset, type PublicColumn } from "../../datasets/define.ts";
import { parsePredicate } from "../../datasets/predicate.ts";
import type { RowRun } from "../../datasets/row-run.ts";
import type { ColumnType } from "../../runtime/batch/index.ts";
import { Batch, type PublicBatch } from "../../runtime/batch/index.ts";
import { readValue, typeValue, type Value, writeColumn } from "../fixtures/batch-cases.ts";
import { SLOT, SLOT_BYTES, sharedMemory } from "../fixtures/public-batches.ts";

const SEED = 20_260_120;
const measure = { class: "measure", unit: "1", meaning: "A figure." } as const;
const KINDS = ["plain", "", "it's", "größer 😀"];

/** Every type that leaves, with gaps where there may be some. */
const figures: Dataset = defineDataset({
  name: "figures",
  title: "Figures of every type",
  time: "at",
  batchRows: 64,
  slots: 2,
  columns: {
    at: { class: "moment", type: "timestamp", meaning: "When." },
    f64: { ...measure, type: "f64", nullable: true },
    f32: { ...measure, type: "f32", nullable: true },
    u64: { ...measure, type: "u64", nullable: true },
    i64: { ...measure, type: "i64" },
    u32: { ...measure, type: "u32", nullable: true },
    i32: { ...measure, type: "i32" },
    u16: { ...measure, type: "u16" },
    u8: { ...measure, type: "u8", nullable: true },
    flag: { ...measure, type: "bool", nullable: true },
    kind: { class: "category", type: "category", values: KINDS, nullable: true, meaning: "A kind." },
    name: { class: "identifier", type: "u64", kind: "thing", meaning: "A name." },
  },
});

type Table = Readonly<Record<string, readonly Value[]>>;

const batch = new Batch(sharedMemory(), figures.plan);

/** Lays the table out as a batch; what is not given is 0. */
function batchOf(table: Table, rows: number): PublicBatch {
  batch.views.u8.fill(0, SLOT, SLOT + SLOT_BYTES);
  batch.begin(SLOT, SLOT_BYTES, rows, { firstSequence: 0 });
  for (const [name, values] of Object.entries(table)) writeColumn(batch, figures.plan.public(name), values);
  batch.seal();
  return batch;
}

function wanted(text: string, of: PublicBatch, run: RowRun = { from: 0, to: of.rows }): readonly RowRun[] {
  const parsed = parsePredicate(text, figures);
  assert.ok(parsed.ok, parsed.ok ? "" : `${text}: ${parsed.message}`);
  return parsed.predicate.runs(of, run);
}

/** Rows of one column that are wanted. */
function chosen(text: string, column: string, values: readonly Value[]): readonly Value[] {
  return wanted(text, batchOf({ [column]: values }, values.length)).flatMap(({ from, to }) =>
    values.slice(from, to),
  );
}

function message(text: string): string {
  const parsed = parsePredicate(text, figures);
  assert.ok(!parsed.ok, `${text} was taken`);
  return parsed.message;
}

// The naive way: a tree of values, looked at row by row with three truth values.

type Truth = boolean | null;
type Tree =
  | { kind: "and" | "or"; parts: Tree[] }
  | { kind: "not"; part: Tree }
  | { kind: "null"; column: string; isNot: boolean }
  | { kind: "compare"; column: string; operator: string; value: Value }
  | { kind: "in"; column: string; isNot: boolean; values: Value[] };

function truth(tree: Tree, of: PublicBatch, row: number): Truth {
  switch (tree.kind) {
    case "and":
      return allOf(tree.parts.map((part) => truth(part, of, row)));
    case "or":
      return opposite(allOf(tree.parts.map((part) => opposite(truth(part, of, row)))));
    case "not":
      return opposite(truth(tree.part, of, row));
    case "null":
      return (readValue(of, figures.plan.public(tree.column), row) === null) !== tree.isNot;
    case "compare":
      return compared(readValue(of, figures.plan.public(tree.column), row), tree.operator, tree.value);
    case "in": {
      const own = readValue(of, figures.plan.public(tree.column), row);
      const isIn = opposite(allOf(tree.values.map((value) => opposite(compared(own, "=", value)))));
      return tree.isNot ? opposite(isIn) : isIn;
    }
  }
}

function allOf(truths: readonly Truth[]): Truth {
  return truths.includes(false) ? false : truths.includes(null) ? null : true;
}

function opposite(value: Truth): Truth {
  return value === null ? null : !value;
}

function compared(own: Value, operator: string, value: Value): Truth {
  if (own === null || value === null) return null;
  switch (operator) {
    case "=":
      // biome-ignore lint/suspicious/noDoubleEquals: numbers and bigints are compared by their values.
      return own == value;
    case "<":
      return own < value;
    case "<=":
      return own <= value;
    case ">":
      return own > value;
    case ">=":
      return own >= value;
    default:
      // biome-ignore lint/suspicious/noDoubleEquals: as above.
      return own != value;
  }
}

function written(tree: Tree, ask: (choices: number) => number): string {
  const word = (text: string) => (ask(2) === 0 ? text : text.toUpperCase());
  switch (tree.kind) {
    case "and":
    case "or":
      return `(${tree.parts.map((part) => written(part, ask)).join(` ${word(tree.kind)} `)})`;
    case "not":
      return `${word("not")} ${written(tree.part, ask)}`;
    case "null":
      return `${tree.column} ${word("is")} ${tree.isNot ? `${word("not")} ` : ""}${word("null")}`;
    case "compare":
      return `${tree.column}${ask(2) === 0 ? " " : ""}${tree.operator} ${literal(tree.column, tree.value)}`;
    case "in": {
      const values = tree.values.map((value) => literal(tree.column, value)).join(ask(2) === 0 ? "," : " , ");
      return `"${tree.column}" ${tree.isNot ? `${word("not")} ` : ""}${word("in")} (${values})`;
    }
  }
}

function literal(column: string, value: Value): string {
  const { type } = figures.plan.public(column);
  if (type === "timestamp") return `'${new Date(Number(value)).toISOString()}'`;
  if (type === "category") return `'${String(value).replaceAll("'", "''")}'`;
  if (column === "name" && BigInt(value as bigint) % 2n === 0n) return `'${value}'`;
  return Object.is(value, -0) ? "-0" : String(value);
}

function anyValueOf({ field }: PublicColumn): fc.Arbitrary<Value> {
  if (field.type === "category") return fc.constantFrom(...KINDS);
  if (field.type === "timestamp") return fc.integer({ min: -3, max: 3 }).map((ms) => ms * 1000);
  // Few, so that equal ones meet, and those at the ends.
  const few = fc.constantFrom<Value>(...fewValues(field.type));
  return fc.oneof({ arbitrary: few, weight: 3 }, { arbitrary: typeValue(field.type), weight: 1 });
}

function fewValues(type: ColumnType): readonly Value[] {
  switch (type) {
    case "f64":
    case "f32":
      return [0, -0, 1, Math.fround(12.3), -1.5, 5e-324, Math.fround(1e-45), Math.fround(3.5e37)];
    case "u64":
      return [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
    case "i64":
      return [0n, 1n, -1n, -(2n ** 32n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    case "bool":
      return [true, false];
    case "i32":
      return [0, 1, -1];
    default:
      return [0, 1, 200];
  }
}

/** A value that can be written: finite; a float, where it is compared with floats. */
function literalOf(column: PublicColumn): fc.Arbitrary<Value> {
  return anyValueOf(column)
    .filter((value) => typeof value !== "number" || Number.isFinite(value))
    .map((value) => (column.field.type === "f32" ? Math.fround(Number(value)) : value));
}

const { tree } = fc.letrec<{ tree: Tree }>((tie) => {
  const column = fc.constantFrom(...figures.publicColumns);
  const term = column.chain((of): fc.Arbitrary<Tree> => {
    const isListed = of.field.type === "bool" || of.field.type === "category";
    const operators = isListed ? ["=", "!=", "<>"] : ["=", "!=", "<>", "<", "<=", ">", ">="];
    return fc.oneof(
      fc.record({ kind: fc.constant("null" as const), column: fc.constant(of.name), isNot: fc.boolean() }),
      fc.record({
        kind: fc.constant("in" as const),
        column: fc.constant(of.name),
        isNot: fc.boolean(),
        values: fc.array(literalOf(of), { minLength: 1, maxLength: 3 }),
      }),
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant("compare" as const),
          column: fc.constant(of.name),
          operator: fc.constantFrom(...operators),
          value: literalOf(of),
        }),
      },
    );
  });
  const parts = fc.array(tie("tree"), { minLength: 2, maxLength: 3 });
  return {
    tree: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      term,
      fc.record({ kind: fc.constantFrom("and" as const, "or" as const), parts }),
      fc.record({ kind: fc.constant("not" as const), part: tie("tree") }),
    ),
  };
});

const table = fc.integer({ min: 0, max: 40 }).chain((rows) => {
  const columns = figures.publicColumns.map((column) => {
    const value = column.field.nullable ? fc.option(anyValueOf(column), { freq: 4 }) : anyValueOf(column);
    return [column.name, fc.array(value, { minLength: rows, maxLength: rows })] as const;
  });
  return fc.record({ rows: fc.constant(rows), columns: fc.record(Object.fromEntries(columns)) });
});

describe("a filter", () => {
  test("wants the rows that a plain reading of it wants, in any run of them", () => {
    fc.assert(
      fc.property(
        table,
        tree,
        fc.nat(),
        fc.nat(),
        fc.infiniteStream(fc.nat()),
        (given, of, a, b, choices) => {
          const text = written(of, (count) => (choices.next().value as number) % count);
          fc.pre(text.length <= 2000);
          const rows = batchOf(given.columns, given.rows);
          const [from, to] = [a % (given.rows + 1), b % (given.rows + 1)].sort((x, y) => x - y) as [
            number,
            number,
          ];
          const expected = Array.from({ length: to - from }, (_, row) => from + row).filter(
            (row) => truth(of, rows, row) === true,
          );
          const runs = wanted(text, rows, { from, to });
          assert.deepEqual(
            runs.flatMap((run) => Array.from({ length: run.to - run.from }, (_, row) => run.from + row)),
            expected,
            text,
          );
          for (const [index, run] of runs.entries()) {
            assert.ok(
              run.from < run.to && (index === 0 || run.from > runs[index - 1]!.to),
              "runs are as long as can be",
            );
          }
        },
      ),
      { seed: SEED, numRuns: 500 },
    );
  });

  test("says which columns it looks at, each once", () => {
    const parsed = parsePredicate("u8 = 1 and (i32 < 3 or not u8 is null)", figures);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.predicate.columns, ["u8", "i32"]);
  });

  test("binds not closer than and, and closer than or", () => {
    const values = [0, 1, 2, 3];
    assert.deepEqual(chosen("u16 = 0 or u16 = 1 and u16 = 2", "u16", values), [0]);
    assert.deepEqual(chosen("not u16 = 0 and u16 < 3", "u16", values), [1, 2]);
    assert.deepEqual(chosen("not (u16 = 0 and u16 < 3)", "u16", values), [1, 2, 3]);
    assert.deepEqual(chosen("not not u16=1", "u16", values), [1]);
  });

  test("compares 64 bits exactly", () => {
    const values = [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n];
    assert.deepEqual(chosen("u64 = 9007199254740993", "u64", values), [2n ** 53n + 1n]);
    assert.deepEqual(chosen("u64 > 18446744073709551614", "u64", values), [2n ** 64n - 1n]);
    assert.deepEqual(chosen("name = '18446744073709551615'", "name", values), [2n ** 64n - 1n]);
    assert.deepEqual(chosen("u64 <= 9007199254740992.5", "u64", values), [2n ** 53n]);
  });

  test("takes any way to write a number, of any size", () => {
    const values = [0, 1, 2, 250];
    for (const [text, expected] of [
      ["u8 > 1.5", [2, 250]],
      ["u8 >= 1.0", [1, 2, 250]],
      ["u8 < 1.0000000000000000000001", [0, 1]],
      ["u8 = 1.5", []],
      ["u8 != 1.5", values],
      ["u8 = 2.5e2", [250]],
      ["u8 = 2500e-1", [250]],
      ["u8 < 1e999999999", values],
      ["u8 > -1e999999999", values],
      ["u8 > 1e-999999999", [1, 2, 250]],
      ["u8 >= -1e-999999999", values],
      ["u8 < -.5", []],
      ["u8 >= 0e5", values],
      ["u8 > 300", []],
      ["u8 < 300", values],
    ] as const) {
      assert.deepEqual(chosen(text, "u8", values), expected, text);
    }
    assert.deepEqual(chosen("i64 < -1.5", "i64", [-2n, -1n, 0n]), [-2n]);
    assert.deepEqual(chosen("i64 > -1.5", "i64", [-2n, -1n, 0n]), [-1n, 0n]);
  });

  test("compares a float as the float that is written", () => {
    const values = [12.3, 12.299999237060547, 12.300000190734863].map(Math.fround);
    assert.deepEqual(chosen("f32 = 12.3", "f32", values), [values[0], values[2]]);
    assert.deepEqual(chosen("f32 > 12.3", "f32", values), []);
    assert.deepEqual(chosen("f32 < 12.3", "f32", values), [values[1]]);
  });

  test("takes infinities for what they are, and NaN for equal to nothing", () => {
    const values = [
      Number.NEGATIVE_INFINITY,
      -Number.MAX_VALUE,
      0,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      null,
    ];
    assert.deepEqual(chosen("f64 > 1e300", "f64", values), [Number.POSITIVE_INFINITY]);
    assert.deepEqual(chosen("f64 >= 1e999", "f64", values), [Number.POSITIVE_INFINITY]);
    assert.deepEqual(chosen("f64 > 1e999", "f64", values), []);
    assert.deepEqual(chosen("f64 < -1e999", "f64", values), []);
    assert.deepEqual(chosen("f64 < -1.7976931348623157e308", "f64", values), [Number.NEGATIVE_INFINITY]);
    assert.deepEqual(chosen("f64 < 0 or f64 >= 0", "f64", values), values.slice(0, 4));
    assert.deepEqual(
      chosen("f64 != 0", "f64", values),
      values.filter((value) => value !== 0 && value !== null),
    );
  });

  test("reads moments in any zone, and days", () => {
    const day = Date.UTC(2026, 0, 1);
    const values = [day - 1, day, day + 1];
    assert.deepEqual(chosen("at >= '2026-01-01'", "at", values), [day, day + 1]);
    assert.deepEqual(chosen("at < '2026-01-01T01:00:00+01:00'", "at", values), [day - 1]);
    assert.deepEqual(chosen("at = '2026-01-01T00:00:00.001Z'", "at", values), [day + 1]);
  });

  test("says where it cannot be read, what was expected and what came", () => {
    const names = figures.publicColumns.map(({ name }) => name).join(", ");
    const column = `expected a column of figures (${names})`;
    for (const [text, told] of [
      ["", `character 1: ${column}; came the end of the filter`],
      ["  ", `character 3: ${column}; came the end of the filter`],
      ["pid = 1", `character 1: ${column}; came pid`],
      ["and u8 = 1", `character 1: ${column}; came and`],
      ["u8", "character 3: expected = != <> <= >= < > in, not in or is; came the end of the filter"],
      ["u8 == 1", "character 5: expected a number, as u8 is one; came ="],
      ["u8 = '1'", "character 6: expected a number, as u8 is one; came '1'"],
      ["u8 = 1 u8 = 2", "character 8: expected and, or, or the end of the filter; came u8"],
      ["u8 = 1)", "character 7: expected and, or, or the end of the filter; came )"],
      ["(u8 = 1", "character 8: expected and, or, or ); came the end of the filter"],
      ["u8 = null", "character 6: expected a number, as u8 is one (or u8 is null); came null"],
      ["u8 is 1", "character 7: expected null or not null; came 1"],
      ["u8 not 1", "character 8: expected in; came 1"],
      ["u8 in 1", "character 7: expected a list of values in parentheses; came 1"],
      ["u8 in ()", "character 8: expected a number, as u8 is one; came )"],
      ["u8 in (1 2)", "character 10: expected a comma or ); came 2"],
      ["u8 = 12ab", "character 6: expected a number, as u8 is one; came 12ab"],
      ["u8 = 1.2.3", "character 6: expected a number, as u8 is one; came 1.2.3"],
      ["flag = 1", "character 8: expected one of false, true, as flag is; came 1"],
      ["flag < true", "character 8: expected = != in or not in before a value of flag; came true"],
      [
        "kind = 'odd'",
        "character 8: expected one of 'plain', '', 'it''s', 'größer 😀', as kind is; came 'odd'",
      ],
      [
        "kind = plain",
        "character 8: expected one of 'plain', '', 'it''s', 'größer 😀', as kind is; came plain",
      ],
      [
        "at > '2026-02-30'",
        "character 6: expected a moment such as '2026-01-01T00:00:00Z', as at is one; came '2026-02-30'",
      ],
      ["at > 5", "character 6: expected a moment such as '2026-01-01T00:00:00Z', as at is one; came 5"],
      [
        "kind = 'open",
        "character 8: expected one of 'plain', '', 'it''s', 'größer 😀', as kind is; came 'open",
      ],
      ["u8 = 1; drop", "character 7: expected and, or, or the end of the filter; came ;"],
    ] as const) {
      assert.equal(message(text), `filter, ${told}`, text);
    }
    assert.match(message(`kind = '${"x".repeat(500)}'`), /came 'x{39}…$/);
  });

  test("has bounds, and is taken up to them", () => {
    const values = (count: number) => `u8 in (${Array.from({ length: count }, () => "1").join(",")})`;
    const levels = (count: number) => `${"(".repeat(count)}u8 = 1${")".repeat(count)}`;
    const nots = (count: number) => `${"not ".repeat(count)}u8 = 1`;
    const characters = (count: number) => "u8 = 1".padEnd(count);
    for (const fits of [values(100), levels(32), nots(32), characters(2000)]) {
      assert.ok(parsePredicate(fits, figures).ok, fits);
    }
    assert.match(message(values(101)), /expected at most 100 values; came 1$/);
    assert.match(message(levels(33)), /expected at most 32 levels of parentheses and not; came \($/);
    assert.match(message(nots(33)), /at most 32 levels/);
    assert.match(message(characters(2001)), /at most 2000 characters; came 2001$/);
    // Levels are counted where they are open, not as they come.
    assert.ok(parsePredicate(Array.from({ length: 40 }, () => "(u8 = 1)").join(" or "), figures).ok);
  });

  test("never throws, whatever the text is", () => {
    const word = fc.constantFrom(
      "u8",
      "kind",
      "and",
      "or",
      "not",
      "in",
      "is",
      "null",
      "(",
      ")",
      ",",
      "=",
      "<",
      "1",
      "'a'",
      "'",
      '"',
      ".",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.array(word).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, (any) => {
        assert.equal(typeof parsePredicate(any, figures).ok, "boolean");
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
