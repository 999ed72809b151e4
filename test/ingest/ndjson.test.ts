/** NDJSON: whatever way a line goes, by the kernel or by JSON.parse, the same becomes of it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import type { Dataset } from "../../datasets/define.ts";
import { MAX_ROW_BYTES } from "../../ingest/json-plan.ts";
import { ndjsonBody } from "../../ingest/ndjson.ts";
import { TABLE_ROWS } from "../../ingest/table.ts";
import { everything, plainRow, rowOf } from "../fixtures/dataset-rows.ts";
import { JsonRunner, linesOf, referenceOf } from "../fixtures/json-bodies.ts";
import { spell } from "../fixtures/json-spelling.ts";
import { randomFrom } from "../wasm/support.ts";

const SEED = 20_261_122;
const runner = new JsonRunner();
const utf8 = (text: string) => new TextEncoder().encode(text);
const compression = compressionTelemetry as Dataset;

function same(dataset: Dataset, body: Uint8Array, behind?: Uint8Array): void {
  const came = runner.run(dataset, ndjsonBody, body, behind);
  assert.deepEqual(came, referenceOf(dataset, linesOf(body)));
}

/** A body of rows as they might be written, from quite plain to odd. */
function bodies(dataset: Dataset): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.array(rowOf(dataset), { maxLength: 5 }),
      fc.nat(),
      fc.constantFrom(0, 0.2, 1),
      fc.constantFrom("\n", "\r\n", "\n \n", "\n\n"),
    )
    .map(([rows, seed, oddity, lineEnd]) => {
      const random = randomFrom(seed);
      const text = rows.map((row) => spell(row, random, oddity)).join(lineEnd);
      return random() < 0.5 ? text : text + lineEnd;
    });
}

for (const dataset of [everything, compression]) {
  describe(`NDJSON of ${dataset.name}`, () => {
    test("is what JSON.parse and the validator make of its lines", () => {
      fc.assert(
        fc.property(bodies(dataset), (text) => same(dataset, utf8(text))),
        { seed: SEED, numRuns: 300 },
      );
    });

    test("with any bytes changed too", () => {
      fc.assert(
        fc.property(
          bodies(dataset),
          fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
          (text, changes) => {
            const body = utf8(text);
            for (const [at, byte] of changes) if (body.length > 0) body[at % body.length] = byte;
            same(dataset, body);
          },
        ),
        { seed: SEED, numRuns: 300 },
      );
    });

    test("cut off at any byte, with the rest of it behind", () => {
      const [row] = fc.sample(rowOf(dataset), { seed: SEED, numRuns: 1 });
      const line = spell(row!, randomFrom(1), 0);
      const body = utf8(`${line}\n${line}`);
      for (let to = 0; to <= body.length; to++) same(dataset, body.slice(0, to), body.slice(to));
    });

    test("with digits, quotes or brackets behind", () => {
      const line = utf8(JSON.stringify(plainRow(dataset)));
      for (const behind of ["1234567890", '"', "}", "}\n", "]", ",", '","x":1}', "e5", "\ufeff"]) {
        for (let cut = 0; cut < 12; cut++)
          same(dataset, line.slice(0, line.length - cut), utf8(behind.repeat(40)));
      }
    });
  });
}

test("a key that stands twice says what the last of them says", () => {
  const row = {
    ...plainRow(everything),
    name: "longer",
    id64: 7,
    f64_in: 0.25,
    bool_or: true,
    category_or: "b",
  };
  const others = {
    ...row,
    name: "long",
    id64: 8,
    f64_in: -0.25,
    bool: false,
    bool_or: false,
    category_or: "a",
  };
  const lines = Object.entries(others).flatMap(([name, other]) =>
    [other, null].map((last) => `${JSON.stringify(row).slice(0, -1)},"${name}":${JSON.stringify(last)}}`),
  );
  same(everything, utf8([...lines, JSON.stringify(row)].join("\n")));
});

test("rows are numbered by the lines that are not blank, across tables", () => {
  const random = randomFrom(7);
  const lines = Array.from({ length: 3 * TABLE_ROWS + 5 }, (_, index) => {
    const chance = random();
    if (chance < 0.01) return "{";
    if (chance < 0.02) return "";
    return JSON.stringify({
      ...plainRow(everything),
      name: `n${index}`,
      name_or: chance < 0.5 ? null : `"${index}"`,
    });
  });
  same(everything, utf8(lines.join("\n")));
  assert.ok(runner.tables >= 3);
});

test("a table that has no room for more text is handed on, whichever way the row went that did not go in", () => {
  for (const end of ["", '\\"']) {
    const text = `${"x".repeat(250)}${end}`;
    const row = JSON.stringify({ ...plainRow(everything), name_or: "@" }).replace("@", text);
    same(everything, utf8(`${row}\n`.repeat(1200)));
    assert.equal(runner.tables, 2);
  }
});

test("a body of bad lines is handed on in pieces, so that it can be stopped", () => {
  same(everything, utf8("x\n".repeat(2 * TABLE_ROWS + 1)));
  assert.equal(runner.tables, 3);
});

test("a line may be as long as it may be, and no longer, whichever way it goes", () => {
  const plain = JSON.stringify(plainRow(everything));
  for (const slow of [plain, plain.replace('"a name"', '"\\u0061"')]) {
    for (const pad of [0, 1]) {
      const line = `${slow}${" ".repeat(MAX_ROW_BYTES - slow.length + pad)}`;
      const came = runner.run(everything, ndjsonBody, utf8(`${line}\n${plain}\n`));
      assert.deepEqual(
        [came.accepted.length, came.rejected],
        pad === 0 ? [2, []] : [1, ["0 null malformed"]],
      );
    }
  }
});

test("a byte order mark may stand in front, and nowhere else", () => {
  const line = JSON.stringify(plainRow(everything));
  const came = runner.run(everything, ndjsonBody, utf8(`\ufeff${line}\n\ufeff${line}`));
  assert.deepEqual([came.accepted.length, came.rejected], [1, ["1 null malformed"]]);
});

test("what is said of a bad line has nothing of it", () => {
  const secret = "host-4711";
  const said: unknown[] = [];
  const context = {
    ...{ kernels: runner.kernels, dataset: everything, validate: () => assert.fail("it is no JSON") },
    rejected: { reject: (rejection: unknown, row: () => unknown) => void said.push(rejection, row()) },
  };
  const at = 20 << 20;
  const body = utf8(`{"name":"${secret}"`);
  new Uint8Array(runner.memory.buffer).set(body, at);
  const decoder = ndjsonBody(context)({ at, bytes: body.length });
  assert.ok("next" in decoder);
  assert.equal(decoder.next(runner.toolsOf(everything, ndjsonBody).table), "end");
  assert.equal(said.length, 2);
  assert.ok(!JSON.stringify(said).includes(secret));
  assert.equal(said[1], undefined);
});
