#!/usr/bin/env bun
/**
 * The command line: `millrace start` runs the program; the others (cli/commands.ts) take something out of one that runs, or out of the
 * folder of one that is stopped. The exit codes are in cli/exit-codes.ts, and in every command's help.
 */

import process from "node:process";
import { millrace, START } from "./cli/commands.ts";
import { runCli } from "./cli/run.ts";
import { commandLine, exit } from "./runtime/platform/index.ts";

const argv = commandLine();
if (argv[0] === START) {
  process.argv.splice(2, 1);
  await import("./main.ts");
} else {
  exit(await runCli(millrace, argv));
}
