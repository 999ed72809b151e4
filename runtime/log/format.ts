/**
 * One record, one line. Text for people: time, level, category, message, then key=value for what the message does not already say.
 * JSON for machines: one object a line with the keys time, level, category, message, template, properties, repeated.
 * No value can start a second line or move a terminal's cursor: control characters are escaped.
 */
import type { WireRecord, WireValue } from "./wire.ts";

export type LogFormat = "text" | "json";

/** The line, with its line feed. */
export function formatRecord(record: WireRecord, format: LogFormat): string {
  return `${format === "json" ? jsonLine(record) : textLine(record)}\n`;
}

/** A template with `{key}` replaced by the redacted property of that name; a placeholder without one stays as it is. */
export function fillTemplate(template: string, properties: { readonly [key: string]: WireValue }): string {
  return template.replace(/\{([\w.-]+)\}/g, (placeholder, key: string) =>
    Object.hasOwn(properties, key) ? inMessage(properties[key]!) : placeholder,
  );
}

function jsonLine(record: WireRecord): string {
  const { timeMs, level, category, message, template, properties, repeated } = record;
  const time = isoTime(timeMs);
  return escapeControls(
    JSON.stringify({ time, level, category: category.join("."), message, template, properties, repeated }),
  );
}

function textLine({ timeMs, level, category, message, template, properties, repeated }: WireRecord): string {
  const parts = [isoTime(timeMs), level.padEnd(7), category.join(".") || "-", message];
  if (repeated !== undefined) parts.push(`… repeated ${repeated} ${repeated === 1 ? "time" : "times"}`);
  for (const [key, value] of Object.entries(properties)) {
    if (!template.includes(`{${key}}`)) parts.push(`${key}=${inPair(value)}`);
  }
  return escapeControls(parts.join(" "));
}

function inMessage(value: WireValue): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

/** Bare when it is one plain word, else as JSON writes it. */
function inPair(value: WireValue): string {
  if (typeof value === "string") return /^[\w.:/@[\]()+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

function isoTime(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? "(no time)" : time.toISOString();
}

/** Valid inside a JSON text too: there such characters only occur within strings. */
function escapeControls(line: string): string {
  return line.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
