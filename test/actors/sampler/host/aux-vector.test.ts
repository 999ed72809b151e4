import assert from "node:assert/strict";
import { test } from "node:test";
import { readKernelUnits } from "../../../../actors/sampler/host/aux-vector.ts";
import { withFakeProc } from "./fake-proc.ts";

function auxVector(...pairs: (readonly [type: number, value: number])[]): Uint8Array {
  const words = BigUint64Array.from(pairs.flat().map(BigInt));
  return new Uint8Array(words.buffer);
}

test("units: from the auxiliary vector, up to its end mark", () => {
  withFakeProc((proc) => {
    proc.write("self/auxv", auxVector([33, 6], [6, 65536], [17, 250], [0, 0], [6, 16384], [17, 1000]));
    assert.deepEqual(readKernelUnits(proc, proc.root), { pageBytes: 65536, ticksPerSecond: 250 });
  });
});

test("units: missing or incredible ones fall back", () => {
  withFakeProc((proc) => {
    const usual = { pageBytes: 4096, ticksPerSecond: 100 };
    assert.deepEqual(readKernelUnits(proc, proc.root), usual);
    proc.write("self/auxv", auxVector([6, 5000], [17, 0], [0, 0]));
    assert.deepEqual(readKernelUnits(proc, proc.root), usual);
    proc.write("self/auxv", auxVector([6, 65536]).subarray(0, 12));
    assert.deepEqual(readKernelUnits(proc, proc.root), usual);
  });
});
