/** How much shared memory the broadcaster needs: said apart from it, for whoever lays the memory out. */

import { datasets } from "../../datasets/index.ts";
import { nextNumbersBytes } from "./next-numbers.ts";

/** Scratch memory that the actor is to have. */
export const broadcasterScratchBytes = nextNumbersBytes(datasets);
