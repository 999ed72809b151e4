import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aroundPosition, parsePositions, positionsText } from "../../../actors/broadcaster/positions.ts";

const SEED = 20_260_103;
const ALL = ["memory", "process", "memory_1m"];

test("of one dataset it is the last row's number in decimal, so the next is one more", () => {
  assert.deepEqual(parsePositions("1234", ["memory"]), { memory: 1235 });
  assert.deepEqual(parsePositions("0", ["memory"]), { memory: 1 });
  assert.equal(positionsText({ memory: 1235 }, ["memory"]), "1234");
  assert.equal(positionsText({ memory: 0 }, ["memory"]), undefined);
  assert.equal(positionsText({}, ["memory"]), undefined);
});

test("of several it is a mark and the next numbers in base 36, nothing for one that is not known", () => {
  const text = positionsText({ memory: 36, memory_1m: 10 }, ALL);
  assert.match(text ?? "", /^[\da-z]{4}-10\.\.a$/);
  assert.deepEqual(parsePositions(text ?? "", ALL), { memory: 36, memory_1m: 10 });
});

test("it is what an encoder makes that is given what stands around a number", () => {
  const positions = { memory: 5, process: 70, memory_1m: 0 };
  for (const dataset of ALL) {
    const { idBefore, idAfter } = aroundPosition(positions, ALL, dataset);
    const next = positions[dataset as keyof typeof positions];
    assert.equal(`${idBefore}${next.toString(36)}${idAfter}`, positionsText(positions, ALL));
  }
});

test("another list's text is not read", () => {
  const text = positionsText({ memory: 1, process: 2, memory_1m: 3 }, ALL) ?? "";
  assert.ok(parsePositions(text, ALL));
  for (const other of [["memory"], ["memory", "process"], [...ALL].reverse(), [...ALL, "more"], []]) {
    assert.equal(parsePositions(text, other), undefined);
  }
});

test("what is no position is not read", () => {
  const mark = (positionsText({}, ALL) ?? "").slice(0, 5);
  for (const text of [
    "",
    "-1",
    "1.5",
    " 1",
    "1e3",
    "9007199254740991",
    "99999999999999999",
    `${mark}1.2`,
    `${mark}1.2.3.4`,
    `${mark}1.-2.3`,
    `${mark}1.2.Z`,
    `${mark}1.2.3 `,
    `${mark}zzzzzzzzzzz.1.1`,
    `${mark}1.1.${"1".repeat(12)}`,
    `${mark}${"1".repeat(2000)}`,
    "1".repeat(2000),
  ]) {
    assert.equal(parsePositions(text, ALL), undefined, text);
    assert.equal(parsePositions(text, ["memory"]), undefined, text);
  }
});

test("every position can be read again, and no text makes it throw", () => {
  const number = fc.option(fc.maxSafeNat(), { nil: undefined });
  fc.assert(
    fc.property(fc.array(number, { minLength: 2, maxLength: 8 }), (numbers) => {
      const names = numbers.map((_, index) => `dataset_${index}`);
      const entries = names.flatMap((name, index) =>
        numbers[index] === undefined ? [] : [[name, numbers[index]]],
      );
      const positions = Object.fromEntries(entries);
      assert.deepEqual(parsePositions(positionsText(positions, names) ?? "", names), positions);
    }),
    { seed: SEED },
  );
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (text, several) => {
      const positions = parsePositions(text, several ? ALL : ["memory"]);
      for (const next of Object.values(positions ?? {})) assert.ok(Number.isSafeInteger(next) && next >= 0);
    }),
    { seed: SEED },
  );
});
