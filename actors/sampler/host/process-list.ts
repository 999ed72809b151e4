/** The entries of /proc that are processes. */
import type { FileAccess } from "./file-access.ts";

/** The names under `procRoot`, processes and others. Throws an Error with advice when it cannot be listed. */
export function listProc(files: FileAccess, procRoot: string): readonly string[] {
  try {
    return files.list(procRoot);
  } catch (cause) {
    const code = (cause as { code?: unknown }).code ?? "an unknown error";
    throw new Error(
      `Expected the processes of this host under ${procRoot}, but listing it gave ${code}. Mount procfs there.`,
      {
        cause,
      },
    );
  }
}

/** Whether an entry is a process. The first letter tells: no other entry starts with a digit. */
export function isPid(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}
