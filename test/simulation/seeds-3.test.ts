/** The simulation, part 3 of 4: see simulated.ts. */

import { simulate } from "./simulated.ts";

simulate(2, "d497a3d6");
