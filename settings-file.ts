/** The files that settings come from: as they were at the start, and the one that changes are written to. */

import { readFileSync, rmSync } from "node:fs";
import type { SettingsFile } from "./config-control.ts";
import type { ReadFile } from "./runtime/config.ts";
import { replaceFile } from "./runtime/replace-file.ts";

/**
 * Reads each file once: what is written into it later counts at the next start, and not with the next change of some other
 * setting.
 */
export function readOnce(read: ReadFile): ReadFile {
  const known = new Map<string, () => string>();
  return (path) => {
    let found = known.get(path);
    if (found === undefined) {
      found = outcomeOf(() => read(path));
      known.set(path, found);
    }
    return found();
  };
}

/** @param name as it was given, or the usual one */
export function settingsFileAt(name: string): SettingsFile {
  return {
    name,
    read() {
      try {
        return readFileSync(name, "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    write(text) {
      if (text === undefined) rmSync(name, { force: true });
      else replaceFile(name, text);
    },
  };
}

/** What it gave, or threw, the first time. */
function outcomeOf(read: () => string): () => string {
  try {
    const text = read();
    return () => text;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
