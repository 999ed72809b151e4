/** What a file says of itself, as one line of JSON, wherever its format has a place for it: under the key `millrace`. */

import type { ExportFacts, ExportNotes } from "../format.ts";

export function notesText(notes: ExportNotes): string {
  return JSON.stringify(notes);
}

/** What is known before the first row. */
export function openingNotesText({ shape, profile, fromMs, toMs }: ExportFacts): string {
  const bound = (timeMs: number) => (Number.isFinite(timeMs) ? timeMs : null);
  return JSON.stringify({ dataset: shape.name, profile, fromMs: bound(fromMs), toMs: bound(toMs) });
}
