/** The simulation, part 1 of 4: see simulated.ts. */

import { simulate } from "./simulated.ts";

simulate(0, "8ec99906");
