import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { diversityOf } from "../../../../actors/exporter/anonymous/diversity.ts";
import { RISK_THRESHOLD, riskOf } from "../../../../actors/exporter/anonymous/risk.ts";
import { TupleTable } from "../../../../actors/exporter/anonymous/tuple-table.ts";

/** Class and value of each row. */
type Rows = readonly (readonly [number, number])[];

function found(rows: Rows, isOrdered: boolean, suppressed: ReadonlySet<number> = new Set()) {
  const values = new TupleTable(4);
  const sizes = new Uint32Array(8);
  for (const [group, value] of rows) {
    values.add(Uint32Array.of(group, value >>> 4, value & 15, 0), 0);
    if (!suppressed.has(group)) sizes[group] = sizes[group]! + 1;
  }
  return diversityOf(values, sizes, isOrdered);
}

/** The definitions, as pyCANON writes them down. */
function naive(rows: Rows, isOrdered: boolean) {
  const distinct = [...new Set(rows.map(([, value]) => value))].sort((a, b) => a - b);
  const share = (of: Rows, value: number) => of.filter(([, own]) => own === value).length / of.length;
  let [l, t] = [Number.POSITIVE_INFINITY, 0];
  for (const group of new Set(rows.map(([own]) => own))) {
    const own = rows.filter(([one]) => one === group);
    l = Math.min(l, new Set(own.map(([, value]) => value)).size);
    let [moved, carried] = [0, 0];
    for (const value of distinct) {
      const difference = share(own, value) - share(rows, value);
      carried += difference;
      moved += Math.abs(isOrdered ? carried : difference);
    }
    t = Math.max(t, isOrdered ? (distinct.length === 1 ? 0 : moved / (distinct.length - 1)) : moved / 2);
  }
  return { l, t };
}

describe("diversity", () => {
  const rows = fc.array(fc.tuple(fc.nat(5), fc.nat(60)), { minLength: 1, maxLength: 80 });
  const few = fc.array(fc.tuple(fc.nat(5), fc.nat(2)), { minLength: 1, maxLength: 80 });

  for (const isOrdered of [false, true]) {
    test(`is what the definitions say, values ${isOrdered ? "in order" : "equally far apart"}`, () => {
      fc.assert(
        fc.property(fc.oneof(rows, few), (some) => {
          const [result, expected] = [found(some, isOrdered), naive(some, isOrdered)];
          assert.equal(result.l, expected.l);
          assert.ok(Math.abs(result.t - expected.t) < 1e-12, `${result.t} and ${expected.t}`);
        }),
        { numRuns: 300, seed: 9 },
      );
    });

    test(`leaves out what is suppressed, values ${isOrdered ? "in order" : "equally far apart"}`, () => {
      fc.assert(
        fc.property(rows, fc.nat(5), (some, group) => {
          const left = some.filter(([own]) => own !== group);
          const { l, t } = found(some, isOrdered, new Set([group]));
          if (left.length === 0) assert.deepEqual({ l, t }, { l: 0, t: 0 });
          else assert.deepEqual({ l, t }, found(left, isOrdered));
        }),
        { numRuns: 100, seed: 10 },
      );
    });
  }

  test("takes a missing value for the lowest", () => {
    const values = new TupleTable(4);
    const add = (group: number, low: number, missing: number) =>
      values.add(Uint32Array.of(group, 0, low, missing), 0);
    add(0, 0, 1);
    add(0, 0, 1);
    add(1, 0, 0);
    add(1, 5, 0);
    const { l, t } = diversityOf(values, Uint32Array.of(2, 2), true);
    assert.equal(l, 1);
    // Shares of missing, 0 and 5: a half and two quarters; the first class is moved by a half over one place and a quarter over the next.
    assert.equal(t, (0.5 + 0.25) / 2);
  });
});

describe("risk", () => {
  test("is El Emam's, worked out by hand", () => {
    const classes = [
      { rows: 5, population: 5 },
      { rows: 5, population: 20 },
      { rows: 10, population: 10 },
      { rows: 20, population: 40 },
    ];
    const { k, classes: count, averageClass, risk } = riskOf(classes);
    assert.deepEqual([k, count, averageClass], [5, 4, 10]);
    assert.deepEqual(risk.prosecutor, { highest: 1 / 5, average: 4 / 40, atRisk: 20 / 40 });
    assert.deepEqual(risk.journalist, {
      highest: 1 / 5,
      average: Math.max(4 / 75, (1 + 0.25 + 1 + 0.5) / 40),
      atRisk: 15 / 40,
    });
    assert.equal(risk.marketer, 4 / 40);
    assert.equal(risk.threshold, RISK_THRESHOLD);
  });

  test("of eleven is not above the threshold, of ten is", () => {
    assert.equal(riskOf([{ rows: 11, population: 11 }]).risk.prosecutor.atRisk, 0);
    assert.equal(riskOf([{ rows: 10, population: 11 }]).risk.prosecutor.atRisk, 1);
    assert.equal(riskOf([{ rows: 10, population: 11 }]).risk.journalist.atRisk, 0);
  });

  test("starts from a person where that is the greater average", () => {
    const { journalist } = riskOf([
      { rows: 100, population: 100 },
      { rows: 1, population: 10 },
    ]).risk;
    assert.equal(journalist.average, 2 / 110);
    assert.ok(2 / 110 > (1 + 0.1) / 101);
  });

  test("of nothing is nothing", () => {
    assert.deepEqual(riskOf([]).risk.prosecutor, { highest: 0, average: 0, atRisk: 0 });
    assert.equal(riskOf([]).k, 0);
  });
});
