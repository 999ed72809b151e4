/** The file of a named pipe: made private to its owner, found fit to be written to, opened without waiting, removed. */

import { execFile } from "node:child_process";
import { closeSync, constants, fstatSync, lstatSync, openSync, rmSync, type Stats } from "node:fs";
import process from "node:process";
import { type Refused, refuse } from "../refused.ts";

/** Systems that have named pipes in their folders. */
const SYSTEMS: readonly string[] = ["linux", "darwin"];
const { O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;

/** One file among all, while it is there. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
}

export type FifoReady =
  | { readonly ok: true; readonly made: FileIdentity | undefined }
  | Refused<"not-a-pipe" | "not-here" | "address-refused">;

export type FifoOpened =
  | { readonly kind: "open"; readonly file: number }
  | { readonly kind: "no-reader" }
  | { readonly kind: "gone"; readonly message: string };

/** Sees to it that there is a pipe at `path`. What is there already is never replaced. */
export async function readyFifo(path: string): Promise<FifoReady> {
  if (!SYSTEMS.includes(process.platform)) {
    return refuse("not-here", "named pipes are there on Linux and macOS only: take the transport tcp");
  }
  const there = look(path);
  if (there === undefined) return make(path);
  return "ok" in there ? there : (unfit(path, there) ?? { ok: true, made: undefined });
}

/** Opens it for writing. Never waits. */
export function openFifo(path: string): FifoOpened {
  let file: number;
  try {
    file = openSync(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    // ENXIO: nobody has it open for reading.
    return code === "ENXIO" ? { kind: "no-reader" } : { kind: "gone", message: `${path}: ${code}` };
  }
  // Somebody may have put another file there in between.
  const fault = unfit(path, fstatSync(file));
  if (fault === undefined) return { kind: "open", file };
  closeSync(file);
  return { kind: "gone", message: fault.message };
}

/** Whether somebody has it open for reading. */
export function hasReader(path: string): boolean {
  const opened = openFifo(path);
  if (opened.kind === "open") closeSync(opened.file);
  return opened.kind === "open";
}

/** Removes the pipe that was made, if it is still that one. */
export function removeFifo(path: string, made: FileIdentity): void {
  const there = look(path);
  if (there === undefined || "ok" in there) return;
  if (there.dev !== made.device || there.ino !== made.inode) return;
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder may not be written any more. A pipe that nobody writes holds nothing.
  }
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}

/** What is at `path` itself, not behind a link; undefined: nothing. */
function look(path: string): Stats | Refused<"address-refused"> | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const code = codeOf(error);
    return code === "ENOENT" ? undefined : refuse("address-refused", `${path} cannot be used (${code})`);
  }
}

function unfit(path: string, there: Stats): Refused<"not-a-pipe" | "address-refused"> | undefined {
  if (there.isSymbolicLink()) {
    return refuse(
      "not-a-pipe",
      `expected a named pipe, or nothing, at ${path}; there is a link: name its end`,
    );
  }
  if (!there.isFIFO()) {
    return refuse(
      "not-a-pipe",
      `expected a named pipe, or nothing, at ${path}; there is another file, which stays`,
    );
  }
  if (process.getuid !== undefined && there.uid !== process.getuid()) {
    return refuse("address-refused", `the pipe ${path} is another user's: choose another place`);
  }
  return undefined;
}

async function make(path: string): Promise<FifoReady> {
  const fault = await new Promise<string | undefined>((resolve) => {
    execFile("mkfifo", ["-m", "600", "--", path], (error) => {
      if (error === null) return resolve(undefined);
      resolve(codeOf(error) === "ENOENT" ? "mkfifo" : "refused");
    });
  });
  if (fault === "mkfifo") return refuse("not-here", "there is no mkfifo here: make the pipe by other means");
  const there = look(path);
  if (there === undefined || "ok" in there) {
    return refuse(
      "address-refused",
      `no pipe can be made at ${path}: choose a folder that is there and may be written`,
    );
  }
  const unusable = unfit(path, there);
  if (unusable !== undefined) return unusable;
  // Without a fault it is ours: mkfifo replaces nothing.
  return { ok: true, made: fault === undefined ? { device: there.dev, inode: there.ino } : undefined };
}
