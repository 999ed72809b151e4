/** Runs kernels on the memory it was handed, in its own thread, and says when it is done. */

import { parentPort, workerData } from "node:worker_threads";
import { instantiateKernels } from "../../wasm/index.ts";
import type { ThreadWork } from "./two-threads.test.ts";

const work = workerData as ThreadWork;
const kernels = instantiateKernels(work.module, work.memory);
for (let round = 0; round < work.rounds; round++) {
  kernels.hmacKey(work.key, 32, work.state);
  kernels.hmacBytes(work.state, work.values, work.offsets, 0, work.rows, work.out, 32);
}
parentPort?.postMessage(kernels.crc32c(work.out, work.rows * 32));
