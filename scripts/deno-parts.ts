/**
 * The test files in parts for Deno, each to be run by a process of its own: its `--parallel` would run them as threads of one process,
 * and some of them look at what their process has open. Files are put together by the seconds that they take on Bun, which
 * test/timings.json has, so that no part takes long and the long ones begin first: then all workers end at about the same time.
 */

/** What a part of several files may take; a file that takes more is a part by itself. */
const PART_MS = 20_000;
/** Of a file that nobody has measured, and what Deno takes to load one. */
const UNKNOWN_MS = 1000;
const LOADING_MS = 300;

/**
 * @param files paths from the root of the checkout
 * @param measuredMs by path
 * @returns parts with the longest first; every file is in exactly one
 */
export function denoParts(
  files: readonly string[],
  measuredMs: Readonly<Record<string, number>>,
): readonly (readonly string[])[] {
  const costs = files.map((file) => ({ file, ms: (measuredMs[file] ?? UNKNOWN_MS) + LOADING_MS }));
  const parts: { files: string[]; ms: number }[] = [];
  for (const { file, ms } of costs.sort((a, b) => b.ms - a.ms)) {
    const part = parts.find((one) => one.ms + ms <= PART_MS);
    if (part === undefined) parts.push({ files: [file], ms });
    else {
      part.files.push(file);
      part.ms += ms;
    }
  }
  return parts.sort((a, b) => b.ms - a.ms).map((part) => part.files.sort());
}
