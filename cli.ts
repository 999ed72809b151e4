#!/usr/bin/env bun
/**
 * The command line: `millrace start` runs the program; the others take something out of one that runs, or out of the folder
 * of one that is stopped. A file of cli/ each. The exit codes are in cli/exit-codes.ts, and in every command's help.
 */

import process from "node:process";
import type { Command, CommandGroup } from "./cli/command.ts";
import { deadLetterCommands } from "./cli/dead-letters.ts";
import { exportCommand } from "./cli/export.ts";
import { queryCommand } from "./cli/query.ts";
import { runCli } from "./cli/run.ts";
import { storeCommands } from "./cli/store.ts";
import { validateCommand } from "./cli/validate.ts";
import { commandLine, exit } from "./runtime/platform/index.ts";

const START = "start";
/** For the help alone: what stands behind it is read by main.ts, of which every setting is an option. */
const start: Command = {
  name: START,
  description: "Samples, stores, streams and serves until it is told to stop",
  args: {},
  examples: [],
  run: async () => {},
};

const millrace: CommandGroup = {
  name: "millrace",
  description: "Raw telemetry in, training data out",
  commands: [start, exportCommand, queryCommand, validateCommand, storeCommands, deadLetterCommands],
};

const argv = commandLine();
if (argv[0] === START) {
  process.argv.splice(2, 1);
  await import("./main.ts");
} else {
  exit(await runCli(millrace, argv));
}
