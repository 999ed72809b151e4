/** Finds the command, runs it, and brings what came of it to an exit code and at the most one line. */

import process from "node:process";
import { version } from "../http/version.ts";
import { nearestName } from "../runtime/config/nearest.ts";
import { type Command, type CommandGroup, helpOf, readGiven } from "./command.ts";
import { printOut } from "./console.ts";
import { CommandEnd, DONE, FAILED, usageError } from "./exit-codes.ts";

/** @returns the exit code */
export async function runCli(root: CommandGroup, argv: readonly string[]): Promise<number> {
  try {
    await dispatch(root, argv);
    return DONE;
  } catch (error) {
    if (error instanceof CommandEnd) {
      if (error.message !== "") process.stderr.write(`${error.message}\n`);
      return error.code;
    }
    // Whoever read standard output has gone, as `head` does when it has enough.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return DONE;
    process.stderr.write(
      `millrace failed, which is a mistake of its own: ${(error as Error).stack ?? error}\n`,
    );
    return FAILED;
  }
}

async function dispatch(root: CommandGroup, argv: readonly string[]): Promise<void> {
  let group = root;
  let path = root.name;
  for (let at = 0; ; at++) {
    const word = argv[at];
    if (word === "--version" && at === 0) return printOut(`${root.name} ${version}\n`);
    if (word === undefined || isHelp(word)) {
      const help = await helpOf(group, path, version);
      if (word !== undefined) return printOut(help);
      process.stderr.write(help);
      throw usageError(`expected a command: ${namesOf(group).join(", ")}; came nothing`);
    }
    const found = group.commands.find(({ name }) => name === word);
    if (found === undefined) throw unknownCommand(group, path, word);
    path = `${path} ${found.name}`;
    if ("commands" in found) {
      group = found;
      continue;
    }
    return runCommand(found, path, argv.slice(at + 1));
  }
}

async function runCommand(command: Command, path: string, argv: readonly string[]): Promise<void> {
  if (argv.some(isHelp)) return printOut(await helpOf(command, path, version));
  await command.run(readGiven({ ...command, name: path.slice(path.indexOf(" ") + 1) }, argv));
}

function unknownCommand(group: CommandGroup, path: string, word: string): CommandEnd {
  const names = namesOf(group);
  const near = nearestName(word, names);
  const hint = near === undefined ? "" : `; did you mean ${path} ${near}?`;
  return usageError(`expected a command: ${names.join(", ")}; came ${JSON.stringify(word)}${hint}`);
}

function namesOf({ commands }: CommandGroup): readonly string[] {
  return commands.map(({ name }) => name);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}
