/** The simulation, part 2 of 4: see simulated.ts. */

import { simulate } from "./simulated.ts";

simulate(1, "d95d3797");
