/** XXH64's lower half against hash-wasm's. What would fail here: a tail that is left out, a byte read behind the end, a lane merged twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createXXHash64 } from "hash-wasm";
import { seededRandom } from "../../runtime/random.ts";
import { Bench } from "./support.ts";

test("xxhashLow is the lower half of XXH64 at every length up to 300 and every alignment", async () => {
  const bench = new Bench();
  const peer = await createXXHash64();
  const random = seededRandom(20_261_122);
  const content = Uint8Array.from({ length: 300 }, () => Math.floor(random() * 256));
  for (let length = 0; length <= content.length; length++) {
    const piece = content.subarray(0, length);
    bench.reset();
    const hash = bench.kernels.xxhashLow(bench.put(piece, length % 16), length);
    const expected = Number.parseInt(peer.init().update(piece).digest("hex").slice(8), 16);
    assert.equal(hash, expected, `${length} bytes`);
  }
});
