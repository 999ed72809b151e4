/** A text as a field of CSV: quoted when it must be, and when it is empty, so that it is not taken for a missing one. */
export function csvField(text: string): string {
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
