/** Random, mutated and cut bodies of the format csv: see fuzz/fuzzed.ts. */

import { fuzzed } from "./fuzz/fuzzed.ts";

fuzzed("csv");
