/** Random, mutated and cut bodies of the format arrow: see fuzz/fuzzed.ts. */

import { fuzzed } from "./fuzz/fuzzed.ts";

fuzzed("arrow");
