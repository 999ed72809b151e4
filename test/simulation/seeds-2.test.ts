/** The simulation, part 2 of 4: see simulated.ts. */

import { simulate } from "./simulated.ts";

simulate(1, "470895a0");
