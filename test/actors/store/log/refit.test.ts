import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { afterEach, describe, test } from "node:test";
import fc from "fast-check";
import { schemaOf } from "../../../../actors/store/log/log-format.ts";
import { LogDamaged } from "../../../../actors/store/log/log-reader.ts";
import { readSchema } from "../../../../actors/store/log/read-schema.ts";
import { type Dataset, defineDataset } from "../../../../datasets/define.ts";
import type { Columns } from "../../../../datasets/spec.ts";
import { everything, testedDatasets } from "../../../fixtures/dataset-rows.ts";
import type { PlainRow } from "./rows.ts";
import { TempLog } from "./temp-log.ts";

const temps: TempLog[] = [];
afterEach(() => {
  for (const log of temps.splice(0)) log.remove();
});

/** `everything`, with these columns. */
function declared(columns: Columns): Dataset {
  const { name, title, batchRows, slots } = everything;
  return defineDataset({ name, title, time: "at", batchRows, slots, columns });
}

/** Rows that were logged as `then`, and the log that they are in. */
function logged(then: Dataset, seed = 1): { readonly at: TempLog; readonly rows: readonly PlainRow[] } {
  const at = new TempLog(seed);
  temps.push(at);
  const log = at.open([then]);
  const rows = at.append(log, then, [5, 70, 1]);
  log.close();
  return { at, rows };
}

const { at: time, ...others } = everything.columns;

describe("a schema in a segment's head", () => {
  test("is read as it was written, for every dataset", () => {
    for (const dataset of testedDatasets) {
      const fields = dataset.plan.publicColumns.map(({ name, type, nullable, values }) =>
        values === undefined ? { name, type, nullable } : { name, type, nullable, values },
      );
      assert.deepEqual(readSchema(schemaOf(dataset)), fields);
    }
  });

  test("that is none is told", () => {
    for (const text of ["", "AAAA", "what is this", schemaOf(everything).slice(0, 100)]) {
      assert.equal(readSchema(text), undefined, text);
    }
  });

  test("that is damaged is read or told, whichever byte it is, and never read for ever", () => {
    const whole = Buffer.from(schemaOf(everything), "base64");
    let told = 0;
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = 0xff - damaged[at]!;
      if (readSchema(damaged.toString("base64")) === undefined) told++;
    }
    assert.ok(told > 0 && told < whole.length, `${told} of ${whole.length}`);
  });
});

describe("rows of an earlier declaration", () => {
  test("have in a new column what it says it had before it was there", () => {
    const types = ["f64", "f32", "u64", "i64", "u32", "i32", "u16", "u8"] as const;
    const added = Object.fromEntries(
      types.map((type) => [
        `new_${type}`,
        { class: "measure", type, unit: "1", meaning: "New.", earlier: 7 } as const,
      ]),
    );
    const { at, rows } = logged(declared({ at: time! }));
    const expected = rows.map((row) => ({
      ...row,
      ...Object.fromEntries(types.map((type) => [`new_${type}`, type === "u64" || type === "i64" ? 7n : 7])),
    }));
    assert.deepEqual(at.rows(declared({ at: time!, ...added })), expected);
  });

  test("property: are what they were, of the columns that are still there, in today's order; new ones are null", {
    timeout: 240_000,
  }, () => {
    const names = Object.keys(others);
    fc.assert(
      fc.property(fc.shuffledSubarray(names), fc.shuffledSubarray(names), fc.nat(), (then, now, seed) => {
        const columnsOf = (kept: readonly string[]): Columns =>
          Object.fromEntries([["at", time], ...kept.map((name) => [name, others[name]!])]);
        const old = declared(columnsOf(then));
        const today = declared(
          Object.fromEntries(
            Object.entries(columnsOf(now)).map(([name, column]) =>
              then.includes(name) || name === "at" ? [name, column] : [name, { ...column, nullable: true }],
            ),
          ),
        );
        const { at, rows } = logged(old, seed);
        const expected = rows.map((row) =>
          Object.fromEntries(today.publicColumns.map(({ name }) => [name, row[name] ?? null])),
        );
        assert.deepEqual(at.rows(today), expected);
        at.remove();
      }),
      { numRuns: 40, seed: 20_260_404 },
    );
  });

  test("keep their categories by text, whatever the order of the list is now", () => {
    const { category } = others;
    assert.ok(category?.class === "category");
    const { at, rows } = logged(declared({ at: time!, category }));
    const values = ["new", ...[...category.values].reverse()];
    assert.deepEqual(at.rows(declared({ at: time!, category: { ...category, values } })), rows);
  });

  const damaged = (at: TempLog, today: Dataset, columns: readonly string[] | undefined, message: RegExp) =>
    assert.throws(
      () => at.rows(today, columns === undefined ? {} : { columns }),
      (error) => error instanceof LogDamaged && message.test(error.message),
    );

  test("cannot be had when a column was of another type, or is new and never null: the error names it", () => {
    const { u32, i32, f64 } = others;
    const { at, rows } = logged(declared({ at: time!, u32: u32!, i32: i32! }));
    const start = "^log segment 00000001\\.log holds everything in another schema at byte \\d+: column";
    const end = "; read it without that column, or from a later time on$";
    const retyped = declared({ at: time!, u32: u32!, i32: { ...i32!, type: "i64" } as Columns[string] });
    damaged(at, retyped, undefined, new RegExp(`${start} i32 was of type i32, and is of type i64${end}`));
    const added = declared({ at: time!, u32: u32!, i32: i32!, f64: f64! });
    damaged(at, added, ["f64"], new RegExp(`${start} f64 was not there yet, and is never null${end}`));
    const strict = declared({ at: time!, i32: i32!, u32: { ...u32!, nullable: false } as Columns[string] });
    damaged(
      at,
      strict,
      undefined,
      new RegExp(`${start} u32 had values that were missing, and is never null${end}`),
    );
    // Without the column they can, and what nobody asked for is 0.
    const wanted = rows.map(({ at, u32, i32 }) => ({ at, u32, i32 }));
    assert.deepEqual(
      at.rows(retyped, { columns: ["u32"] }),
      wanted.map((row) => ({ ...row, i32: 0n })),
    );
    assert.deepEqual(
      at.rows(added, { columns: ["u32"] }),
      wanted.map((row) => ({ ...row, f64: 0 })),
    );
  });

  test("cannot be had when a category had a value that it does not have any more", () => {
    const { category } = others;
    assert.ok(category?.class === "category");
    const { at } = logged(declared({ at: time!, category }));
    const fewer = declared({ at: time!, category: { ...category, values: category.values.slice(1) } });
    damaged(
      at,
      fewer,
      undefined,
      /column category had values that it does not have any more; read it without/,
    );
  });

  test("that are not asked for are no matter", () => {
    const { u32, f64 } = others;
    const { at } = logged(declared({ at: time!, u32: u32! }));
    const today = declared({ at: time!, f64: f64! });
    const log = at.open([today]);
    const rows = at.append(log, today, [3]);
    log.close();
    assert.deepEqual(at.rows(today, { fromSequence: 76 }), rows);
    damaged(at, today, undefined, /column f64 was not there yet/);
  });
});
