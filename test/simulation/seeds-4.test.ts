/** The simulation, part 4 of 4: see simulated.ts. */

import { simulate } from "./simulated.ts";

simulate(3, "db57eaab");
