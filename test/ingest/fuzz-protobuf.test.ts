/** Random, mutated and cut bodies of the format protobuf: see fuzz/fuzzed.ts. */

import { fuzzed } from "./fuzz/fuzzed.ts";

fuzzed("protobuf");
