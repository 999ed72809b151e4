/** What would fail here: a name that is forgotten while it comes, or remembered for ever; another pseudonym the second time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { GROUP_SCRATCH_BYTES, GroupPseudonyms } from "../../../actors/aggregator/group-pseudonyms.ts";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
  type Kernels,
} from "../../../wasm/index.ts";
import { pseudonymOf } from "../anonymizer/reference.ts";

const memory = createKernelMemory({ bytes: KERNEL_STATIC_BYTES + GROUP_SCRATCH_BYTES });
const kernels = instantiateKernels(compileKernels(), memory);
const key = Uint8Array.from({ length: 32 }, (_, at) => at * 7);

/** Counts hashes. */
function counted() {
  let hashes = 0;
  const counting: Kernels = {
    ...kernels,
    hmacBytes(...args) {
      hashes++;
      kernels.hmacBytes(...args);
    },
  };
  const groups = new GroupPseudonyms(counting, KERNEL_STATIC_BYTES, key);
  hashes = 0;
  return { groups, hashes: () => hashes };
}

test("a name is hashed once as long as it comes, and again when it did not for two turns", () => {
  const { groups, hashes } = counted();
  const first = groups.of("a");
  for (let turn = 0; turn < 5; turn++) {
    assert.equal(groups.of("a"), first);
    groups.forget();
  }
  assert.equal(hashes(), 1);
  groups.forget();
  assert.equal(groups.of("a"), first);
  assert.equal(hashes(), 2);
});

test("it remembers so many, and is right about all of them", () => {
  const { groups, hashes } = counted();
  for (let n = 0; n < 40_000; n++) groups.of(`group ${n}`);
  assert.equal(hashes(), 40_000);
  for (let n = 39_999; n > 39_999 - 16_384; n--) groups.of(`group ${n}`);
  assert.equal(hashes(), 40_000, "the latest are there");
  groups.of("group 0");
  assert.equal(hashes(), 40_001, "the first are not");
  for (const n of [0, 123, 39_999]) {
    const expected = pseudonymOf(key, "metric-group", `group ${n}`).u64.toString(16).padStart(16, "0");
    assert.equal(groups.of(`group ${n}`), expected);
  }
});
