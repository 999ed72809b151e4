import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  compileKernels,
  createKernelMemory,
  instantiateKernels,
  KERNEL_STATIC_BYTES,
} from "../../wasm/index.ts";

test("the module exports exactly what the contract declares", () => {
  const contract = new URL("../../wasm/contract/", import.meta.url);
  const sources = readdirSync(contract).map((name) => readFileSync(new URL(name, contract), "utf8"));
  const declared = sources.flatMap((source) =>
    [...source.matchAll(/^ {2}(\w+)(?:\(|: \w+Kernels\[)/gm)].map((match) => match[1]!),
  );
  const exported = WebAssembly.Module.exports(compileKernels()).filter((entry) => entry.kind === "function");
  const own = ["prepareTables", "staticEnd"]; // between the build, the loader and the module
  assert.deepEqual(exported.map((entry) => entry.name).sort(), [...declared, ...own].sort());
});

test("kernels link with any memory from 128 KiB to 4 GiB, and stay below the first 64 KiB", () => {
  const module = compileKernels();
  for (const bytes of [2 * 65536, 1 << 20, 65536 * 65536]) {
    const memory = createKernelMemory({ bytes });
    assert.equal(memory.buffer.byteLength, bytes);
    new Uint8Array(memory.buffer, KERNEL_STATIC_BYTES, 65536).fill(0x77);
    const kernels = instantiateKernels(module, memory);
    assert.equal(kernels.memory, memory);
    assert.ok(new Uint8Array(memory.buffer, KERNEL_STATIC_BYTES, 65536).every((byte) => byte === 0x77));
  }
});

test("a memory of impossible size is refused, saying what was expected and what came", () => {
  for (const bytes of [0, 65536, 2 ** 33, Number.NaN]) {
    assert.throws(() => createKernelMemory({ bytes }), new RegExp(`131072 .*4294967296 .*got ${bytes}`));
  }
});
