import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { HMAC_STATE_BYTES, instantiateKernels } from "../../wasm/index.ts";
import { crc32c } from "./reference/crc32c.ts";
import { hmacSha256 } from "./reference/sha256.ts";
import { Bench, hex } from "./support.ts";

export interface ThreadWork {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly state: number;
  readonly key: number;
  readonly values: number;
  readonly offsets: number;
  readonly rows: number;
  readonly out: number;
  readonly rounds: number;
}

test("two threads hash over one memory, each sees what the other wrote, and new instances disturb neither", async () => {
  const bench = new Bench();
  const rows = Array.from({ length: 300 }, (_, i) =>
    Uint8Array.from({ length: (i * 13) % 150 }, (_, j) => i + j),
  );
  const key = Uint8Array.from({ length: 32 }, (_, i) => 200 - i);
  const column = bench.putStrings(rows);
  const keyPtr = bench.put(key);
  const works = [0, 1].map(
    (): ThreadWork => ({
      module: bench.module,
      memory: bench.memory,
      state: bench.place(HMAC_STATE_BYTES),
      key: keyPtr,
      ...column,
      rows: rows.length,
      out: bench.place(rows.length * 32),
      rounds: 40,
    }),
  );

  const workers = works.map(
    (workerData) => new Worker(new URL("./two-threads.worker.ts", import.meta.url), { workerData }),
  );
  const done = workers.map(
    (worker) =>
      new Promise<number>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      }),
  );
  // Instantiating writes constants and tables again, under the hands of the threads.
  for (let i = 0; i < 50; i++) instantiateKernels(bench.module, bench.memory);
  const checksums = await Promise.all(done);
  await Promise.all(workers.map((worker) => worker.terminate()));

  const expected = rows.map((row) => hex(hmacSha256(key, row))).join("");
  works.forEach((work, i) => {
    const written = bench.slice(work.out, rows.length * 32);
    assert.equal(hex(written), expected);
    assert.equal(checksums[i], crc32c(written));
  });
});
