/** What would fail here: a space that is too small for anything, or an error that speaks of something else than was given. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSpace } from "../../streaming/index.ts";

test("a space has bounds, and says so", () => {
  for (const bytes of [0, -1, 65_535, 3 * 2 ** 30 + 1, 100_000.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => createSpace(bytes), /bytes: expected a whole number from 65536 to 3221225472; came/);
  }
  const space = createSpace(65_536);
  assert.equal(space.pool.allocate(65_536) % 8, 0);
});
