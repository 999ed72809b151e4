/** All that the command line can do, as its help lists it: a file of cli/ each. */

import { agreementCommand } from "./agreement.ts";
import type { Command, CommandGroup } from "./command.ts";
import { deadLetterCommands } from "./dead-letters.ts";
import { exportCommand } from "./export.ts";
import { queryCommand } from "./query.ts";
import { storeCommands } from "./store.ts";
import { validateCommand } from "./validate.ts";

export const START = "start";
/** For the help alone: what stands behind it is read by main.ts, of which every setting is an option. */
const start: Command = {
  name: START,
  description: "Samples, stores, streams and serves until it is told to stop",
  args: {},
  examples: [],
  run: async () => {},
};

export const millrace: CommandGroup = {
  name: "millrace",
  description: "Raw telemetry in, training data out",
  commands: [
    start,
    exportCommand,
    queryCommand,
    validateCommand,
    agreementCommand,
    storeCommands,
    deadLetterCommands,
  ],
};
