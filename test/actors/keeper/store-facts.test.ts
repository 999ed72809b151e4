/** What a windower would read again is what its windows datasets say, the least of them; until they say it, it may be all. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { storeFacts } from "../../../actors/keeper/store-facts.ts";
import { placeLedger } from "../../../actors/ledger.ts";
import { placeWindowMeters, readWindowMeters, WindowMeter } from "../../../actors/window-meters.ts";
import { Arena } from "../../../runtime/arena.ts";
import { createKernelMemory, KERNEL_STATIC_BYTES } from "../../../wasm/index.ts";
import { small, smallAll } from "../windower/small-dataset.ts";

test("rows are needed from the first that any windows dataset would read again", () => {
  const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + 2 ** 16 });
  const arena = new Arena(memory, KERNEL_STATIC_BYTES);
  const ledger = placeLedger(
    arena,
    smallAll.map(({ name }) => name),
  );
  const names = smallAll.slice(1).map(({ name }) => name);
  const meters = placeWindowMeters(arena, names);
  const facts = storeFacts(memory, ledger, meters, smallAll);
  const read = () => facts.readFrom(small.name);
  const set = (index: number, row: number) =>
    new WindowMeter(memory, meters, names[index]!).set({ readFrom: row + 1 });
  assert.equal(read(), 0, "nobody has said anything");
  names.forEach((_, index) => {
    set(index, 100 + index);
  });
  assert.equal(read(), 100);
  set(0, 200);
  assert.equal(read(), 101);
  assert.equal(facts.readFrom(names[0]!), Number.POSITIVE_INFINITY, "windows are not windowed");
  assert.equal(
    storeFacts(memory, ledger, undefined, smallAll).readFrom(small.name),
    Number.POSITIVE_INFINITY,
  );
  assert.deepEqual(
    readWindowMeters(memory, meters).map(({ dataset, figures }) => [dataset, figures.readFrom, figures.late]),
    names.map((name, index) => [name, (index === 0 ? 200 : 100 + index) + 1, 0]),
  );
  assert.deepEqual(readWindowMeters(memory, undefined), []);
});
