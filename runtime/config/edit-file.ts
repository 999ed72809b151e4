/**
 * Changes single settings in the text of a settings' file, and keeps whatever else it holds, in its order. A setting may be
 * written nested or by its dotted name there; it stays where it was, and stands there once.
 */

import { findJsonFault } from "./json-fault.ts";
import { coerceText, type Setting } from "./setting.ts";

export type EditedFile =
  | { readonly ok: true; readonly text: string }
  /** For people. */
  | { readonly ok: false; readonly message: string };

type Group = Record<string, unknown>;

/** Of which a file that is new is written with. */
const INDENT = 2;

/**
 * @param text undefined: there is no file yet
 * @param changes values by dotted name, as they were given; null takes the setting out. Names that stand for no setting are left out
 */
export function editConfigText(
  settings: readonly Setting[],
  text: string | undefined,
  changes: Readonly<Record<string, unknown>>,
): EditedFile {
  const root = rootOf(text);
  if ("message" in root) return { ok: false, message: root.message };
  for (const setting of settings) {
    if (!Object.hasOwn(changes, setting.name)) continue;
    const value = changes[setting.name];
    const places = placesOf(root.group, setting.name);
    const kept = value === null || value === undefined ? undefined : (places.at(-1) ?? setting.path);
    for (const place of places) if (place !== kept) takeOut(root.group, place);
    if (kept !== undefined)
      put(root.group, kept, typeof value === "string" ? coerceText(setting, value) : value);
  }
  return { ok: true, text: `${JSON.stringify(root.group, null, indentOf(text))}\n` };
}

function rootOf(text: string | undefined): { readonly group: Group } | { readonly message: string } {
  if (text === undefined) return { group: {} };
  const bare = text.replace(/^\uFEFF/, "");
  let root: unknown;
  try {
    root = JSON.parse(bare);
  } catch {
    const { line, column } = findJsonFault(bare);
    return { message: `expected JSON; came something else at line ${line}, column ${column}` };
  }
  return isGroup(root)
    ? { group: root }
    : { message: "expected a JSON object of settings; came something else" };
}

/** The keys at which a setting stands, however its name is divided into them; the last is the one that counts. */
function placesOf(group: Group, name: string): (readonly string[])[] {
  return Object.entries(group).flatMap(([key, inner]) => {
    if (key === name) return [[key]];
    if (!isGroup(inner) || !name.startsWith(`${key}.`)) return [];
    return placesOf(inner, name.slice(key.length + 1)).map((below) => [key, ...below]);
  });
}

/** Takes what stands there out, and the groups that are empty then. */
function takeOut(group: Group, [key = "", ...below]: readonly string[]): void {
  const inner = group[key];
  if (below.length > 0 && isGroup(inner)) takeOut(inner, below);
  if (below.length === 0 || (isGroup(inner) && Object.keys(inner).length === 0)) delete group[key];
}

function put(group: Group, [key = "", ...below]: readonly string[], value: unknown): void {
  if (below.length === 0) {
    group[key] = value;
    return;
  }
  const inner = group[key];
  const into = isGroup(inner) ? inner : {};
  group[key] = into;
  put(into, below, value);
}

function isGroup(value: unknown): value is Group {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** As the file has it: tabs, or this many spaces. */
function indentOf(text: string | undefined): string | number {
  return /^\{\r?\n([ \t]+)"/.exec(text?.trimStart() ?? "")?.[1] ?? INDENT;
}
