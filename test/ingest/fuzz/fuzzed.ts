/**
 * A test file a format, so that they run side by side. How many bodies each: TEST_FUZZ_BODIES; by default 20 000 on Bun, and the first
 * quarter of them on Deno, where the same seed gives the same bodies. `bun test/ingest/fuzz.ts` sends 500 000.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { PushFormat } from "../../../ingest/decoder.ts";
import { runFuzz } from "./run-fuzz.ts";

const BODIES = 20_000;
const IS_DENO = process.versions["deno"] !== undefined;
const SEED = 20_261_122;
/** Generous: a machine that is busy with something else takes its time. */
const MS_PER_BODY = 1;

export function fuzzed(format: PushFormat): void {
  const bodies = Number(process.env["TEST_FUZZ_BODIES"] ?? (IS_DENO ? BODIES / 4 : BODIES));

  test(`${bodies} bodies of ${format}`, { timeout: 120_000 + bodies * MS_PER_BODY }, () => {
    const { accepted, rejected, faults } = runFuzz({ format, bodies, seed: SEED });
    // All of it was gone through, and not only its first bytes.
    assert.ok(accepted > bodies / 10, `${accepted} rows were accepted`);
    assert.ok(rejected > bodies / 50, `${rejected} rows were refused`);
    // A line of NDJSON is refused by itself.
    assert.ok(format === "ndjson" || faults > bodies / 50, `${faults} bodies were refused`);
  });
}
