/**
 * Fuzzes the formats of ingest by hand:
 *
 *     bun test/ingest/fuzz.ts                                            500 000 bodies of each
 *     bun test/ingest/fuzz.ts --format ndjson --bodies 20000 --seed 7    those that the seed gives
 *
 * On Deno: `deno run -A test/ingest/fuzz.ts …`. The exit code is 1 when something is not as it must be.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { PUSH_FORMATS } from "../../ingest/decoder.ts";
import { runFuzz } from "./fuzz/run-fuzz.ts";

const DEFAULT_BODIES = 500_000;

const { values } = parseArgs({
  options: {
    format: { type: "string" },
    bodies: { type: "string", default: String(DEFAULT_BODIES) },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
  },
});
const formats = PUSH_FORMATS.filter((format) => values.format === undefined || values.format === format);
const [bodies, seed, from] = [values.bodies, values.seed, values.from].map(Number) as [
  number,
  number,
  number,
];
if (
  formats.length === 0 ||
  !Number.isInteger(seed) ||
  !(Number.isInteger(bodies) && bodies > 0) ||
  !(from >= 0)
) {
  console.error(
    `expected --format as one of ${PUSH_FORMATS.join(", ")}, and --bodies, --seed and --from as whole numbers`,
  );
  process.exit(2);
}
let failed = 0;
for (const format of formats) {
  const startMs = performance.now();
  try {
    const { accepted, rejected, faults } = runFuzz({ format, bodies, seed, from });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(
      `${format}: ${bodies} bodies, ${accepted} rows accepted, ${rejected} refused, ${faults} bodies refused; ${seconds} s`,
    );
  } catch (error) {
    failed++;
    console.log(`${format}: ${error instanceof Error ? error.message : String(error)}`);
    if (bodies === 1) console.log(error);
  }
}
process.exit(failed > 0 ? 1 : 0);
