/**
 * The process, as both runtimes show it through `node:process`. Here rather than used directly, because the two have differed
 * in what `argv` begins with and in which signals they take: whoever finds that they do again mends it here.
 */

import process from "node:process";

export type StopSignal = "SIGINT" | "SIGTERM";
const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

/** Arguments of the program, without the runtime and the script. */
export function commandLine(): readonly string[] {
  return process.argv.slice(2);
}

export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/**
 * Calls `handler` for each request to end: Ctrl-C, or a polite kill. While there is a handler the process does not end by itself.
 * @returns what takes the handler off again
 */
export function onStopSignal(handler: (signal: StopSignal) => void): () => void {
  const taken = STOP_SIGNALS.map((signal) => ({ signal, listener: () => handler(signal) }));
  for (const { signal, listener } of taken) process.on(signal, listener);
  return () => {
    for (const { signal, listener } of taken) process.off(signal, listener);
  };
}

/** Ends the process at once. @param code 0 for a good end */
export function exit(code: number): never {
  process.exit(code);
}
