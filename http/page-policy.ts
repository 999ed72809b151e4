/** The Content-Security-Policy of a page that has its style and its script inside: exactly these are let in, by their hashes. */

import { createHash } from "node:crypto";

/** @param more directives of this page, beside those of its style and script */
export function pagePolicy(html: string, more: readonly string[] = []): string {
  return [
    "default-src 'none'",
    `style-src ${hashes(html, "style")}`,
    `script-src ${hashes(html, "script")}`,
    ...more,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function hashes(html: string, tag: "style" | "script"): string {
  const texts = [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))];
  if (texts.length === 0) return "'none'";
  return texts
    .map(([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`)
    .join(" ");
}
