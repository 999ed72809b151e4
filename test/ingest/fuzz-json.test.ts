/** Random, mutated and cut bodies of the format json: see fuzz/fuzzed.ts. */

import { fuzzed } from "./fuzz/fuzzed.ts";

fuzzed("json");
