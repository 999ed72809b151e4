/** Random, mutated and cut bodies of the format msgpack: see fuzz/fuzzed.ts. */

import { fuzzed } from "./fuzz/fuzzed.ts";

fuzzed("msgpack");
