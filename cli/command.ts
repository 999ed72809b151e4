/**
 * A command: what it takes, and what it does. Declared as citty declares one, which writes its help; read strictly, which
 * citty does not: an option that is not known, or has no value, or stands where none is taken, was meant to say something.
 */

import process from "node:process";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { type ArgsDef, renderUsage } from "citty";
import { nearestName } from "../runtime/config/nearest.ts";
import { EXIT_CODES, usageError } from "./exit-codes.ts";

export interface Command {
  readonly name: string;
  readonly description: string;
  /** Options by their name; one of the type "positional" is the word that stands without a name. */
  readonly args: ArgsDef;
  readonly examples: readonly string[];
  run(given: Given): Promise<void>;
}

export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly (Command | CommandGroup)[];
}

/** What was given on the command line. */
export interface Given {
  /** The value of an option, the last one when it came more than once; undefined when it was not given. */
  text(name: string): string | undefined;
  /** All values of an option that may come more than once. */
  texts(name: string): readonly string[];
  /** @throws CommandEnd when it is no number */
  number(name: string): number | undefined;
  flag(name: string): boolean;
  /** The word without a name. */
  readonly word: string | undefined;
}

/** Reads what was given to a command. @throws CommandEnd that names what is wrong with it, and what would be right */
export function readGiven({ name: command, args }: Command, argv: readonly string[]): Given {
  const named = Object.entries(args).filter(([, { type }]) => type !== "positional");
  const names = named.map(([name]) => name);
  const options = Object.fromEntries(
    named.map(([name, { type }]) => [
      name,
      { type: type === "boolean" ? ("boolean" as const) : ("string" as const), multiple: true },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const known = Object.hasOwn(options, name) ? options[name] : undefined;
    if (known === undefined || !rawName.startsWith("--")) throw unknownOption(command, rawName, names);
    if (known.type === "boolean" && value !== undefined) {
      throw usageError(`${rawName}: expected no value; came ${JSON.stringify(value)}`);
    }
    if (known.type === "string" && (value === undefined || value === "")) {
      throw usageError(`${rawName}: expected a value (${args[name]?.description ?? ""}); came nothing`);
    }
    values.set(name, [...(values.get(name) ?? []), value ?? ""]);
  }
  const takesWord = Object.values(args).some(({ type }) => type === "positional");
  if (words.length > (takesWord ? 1 : 0)) {
    const extra = JSON.stringify(words[takesWord ? 1 : 0]);
    const remedy = takesWord ? "put quotes around what belongs together" : "say it with an option";
    throw usageError(`millrace ${command}: came ${extra}, which is one word too many; ${remedy}`);
  }
  const texts = (name: string) => values.get(name) ?? [];
  return {
    texts,
    text: (name) => texts(name).at(-1),
    flag: (name) => texts(name).length > 0,
    number(name) {
      const text = texts(name).at(-1);
      if (text === undefined) return undefined;
      if (/^\d{1,12}(?:\.\d{1,12})?$/.test(text)) return Number(text);
      throw usageError(`--${name}: expected a number; came ${JSON.stringify(text)}`);
    },
    word: words[0],
  };
}

/** The help of a command or a group of them. @param path what leads to it, such as `millrace store` */
export async function helpOf(
  command: Command | CommandGroup,
  path: string,
  version: string,
): Promise<string> {
  const meta = { name: path, description: command.description, version };
  const isGroup = "commands" in command;
  const usage = await renderUsage(
    isGroup
      ? {
          meta,
          subCommands: Object.fromEntries(
            command.commands.map(({ name, description }) => [name, { meta: { name, description } }]),
          ),
        }
      : { meta, args: command.args },
  );
  const codes = EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  const examples = isGroup ? [] : ["", "EXAMPLES", "", ...command.examples.map((line) => `  ${line}`)];
  const text = [usage.replace(/ +$/gm, "").trimEnd(), ...examples, "", "EXIT CODES", "", ...codes, ""].join(
    "\n",
  );
  return process.stdout.isTTY === true ? text : stripVTControlCharacters(text);
}

function unknownOption(command: string, rawName: string, names: readonly string[]) {
  const near = nearestName(rawName.replace(/^-+/, ""), names);
  const hint = near === undefined ? `see millrace ${command} --help` : `did you mean --${near}?`;
  return usageError(`${rawName}: millrace ${command} has no such option; ${hint}`);
}
