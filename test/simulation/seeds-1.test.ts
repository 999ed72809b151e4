/** The simulation, part 1 of 4: see simulated.ts. */

import { simulate } from "./simulated.ts";

simulate(0, "52c1e74f");
