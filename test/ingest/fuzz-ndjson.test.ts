/** Random, mutated and cut bodies of the format ndjson: see fuzz/fuzzed.ts. */

import { fuzzed } from "./fuzz/fuzzed.ts";

fuzzed("ndjson");
