/** JSON bodies: a list that JSON.parse reads gives the rows that the validator makes of its elements, and any other text is a fault. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compressionTelemetry } from "../../datasets/compression-telemetry.ts";
import type { Dataset } from "../../datasets/define.ts";
import { jsonBody } from "../../ingest/json.ts";
import { MAX_ROW_BYTES } from "../../ingest/json-plan.ts";
import { TABLE_ROWS } from "../../ingest/table.ts";
import { everything, plainRow, rowOf } from "../fixtures/dataset-rows.ts";
import { JsonRunner, parsed, referenceOf } from "../fixtures/json-bodies.ts";
import { spell } from "../fixtures/json-spelling.ts";
import { randomFrom } from "../wasm/support.ts";

const SEED = 20_261_122;
const runner = new JsonRunner();
const utf8 = (text: string) => new TextEncoder().encode(text);
const plain = JSON.stringify(plainRow(everything));

function same(dataset: Dataset, body: Uint8Array, behind?: Uint8Array): void {
  const came = runner.run(dataset, jsonBody, body, behind);
  const value = parsed(body);
  if (Array.isArray(value)) assert.deepEqual(came, referenceOf(dataset, value));
  else if (typeof value === "object" && value !== null) assert.deepEqual(came, referenceOf(dataset, [value]));
  else assert.ok(came.fault !== undefined, "a body that is no list of JSON was taken");
}

function bodies(dataset: Dataset): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.array(rowOf(dataset), { maxLength: 5 }),
      fc.nat(),
      fc.constantFrom(0, 0.1, 0.5),
      fc.constantFrom("", " ", "\n  ", "\r\n"),
    )
    .map(([rows, seed, oddity, space]) => {
      const random = randomFrom(seed);
      const texts = rows.map((row) => spell(row, random, oddity).replaceAll("{", `{${space}`));
      if (random() < 0.2)
        texts.push(["null", "1", '"]"', "[]", "[{}]", "{}", '{"a":[{"b":"]"}]}'][Math.floor(random() * 7)]!);
      return random() < 0.1 && texts.length > 0
        ? texts[0]!
        : `${space}[${space}${texts.join(`${space},${space}`)}${space}]${space}`;
    });
}

for (const dataset of [everything, compressionTelemetry as Dataset]) {
  describe(`JSON of ${dataset.name}`, () => {
    test("is what JSON.parse and the validator make of it", () => {
      fc.assert(
        fc.property(bodies(dataset), (text) => same(dataset, utf8(text))),
        { seed: SEED, numRuns: 200 },
      );
    });

    test("with any bytes changed too", () => {
      fc.assert(
        fc.property(bodies(dataset), fc.nat(), fc.integer({ min: 0, max: 255 }), (text, at, byte) => {
          const body = utf8(text);
          body[at % body.length] = byte;
          same(dataset, body);
        }),
        { seed: SEED, numRuns: 200 },
      );
    });

    test("cut off at any byte is a fault, with the rest of it behind", () => {
      const [row] = fc.sample(rowOf(dataset), { seed: SEED, numRuns: 1 });
      const body = utf8(`[${spell(row!, randomFrom(1), 0)}, {}]`);
      for (let to = 0; to < body.length; to++) {
        const { fault } = runner.run(dataset, jsonBody, body.slice(0, to), body.slice(to));
        assert.ok(fault !== undefined && fault.at !== null && fault.at <= to, `at ${to}`);
      }
      same(dataset, body);
    });
  });
}

test("lists longer than a table", () => {
  const rows = Array.from({ length: 2 * TABLE_ROWS + 3 }, (_, index) =>
    index % 700 === 0 ? plain.replace("a name", "\\n") : plain,
  );
  same(everything, utf8(`[${rows.join(",\n")}]`));
  assert.ok(runner.tables >= 3);
});

test("elements that are no rows are handed on in pieces, so that it can be stopped", () => {
  same(everything, utf8(`[${"1,".repeat(2 * TABLE_ROWS)}1]`));
  assert.equal(runner.tables, 3);
});

test("a fault says where it is, and nothing of what is there", () => {
  const cases: readonly (readonly [body: string, at: number])[] = [
    ["", 0],
    ["  x", 2],
    ["\ufeff5", 3],
    [`[${plain}`, plain.length + 1],
    [`[${plain} {}]`, plain.length + 2],
    [`[${plain},]`, plain.length + 2],
    [`[${plain},\n{"secret"}]`, plain.length + 3],
    [`[${plain}] secret`, plain.length + 3],
    ["[] secret", 3],
    ['{"secret"', 0],
    ['[1, "secret]', 4],
  ];
  for (const [body, at] of cases) {
    const { fault } = runner.run(everything, jsonBody, utf8(body), utf8("]]]]"));
    assert.equal(fault?.at, at, body);
    assert.ok(!`${fault.expected} ${fault.got}`.includes("secret"));
  }
});

test("an element may be as long as it may be, and no longer, whichever way it goes", () => {
  for (const slow of [plain, plain.replace('"a name"', '"\\u0061"')]) {
    for (const pad of [0, 1]) {
      const element = `${slow.slice(0, -1)}${" ".repeat(MAX_ROW_BYTES - slow.length + pad)}}`;
      const came = runner.run(everything, jsonBody, utf8(`[${element} , ${plain}]`));
      assert.deepEqual(
        [came.accepted.length, came.rejected],
        pad === 0 ? [2, []] : [1, ["0 null malformed"]],
      );
    }
  }
});
