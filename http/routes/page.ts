/**
 * GET /: a page for people. One document with its style and script inside, which load nothing else; the policy lets in
 * exactly these two, by their hashes.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Hono } from "hono";

export function pageRoutes(app: Hono): void {
  let page: { readonly html: string; readonly policy: string } | undefined;
  app.get("/", (c) => {
    page ??= composePage();
    return c.html(page.html, 200, { "content-security-policy": page.policy });
  });
}

function composePage() {
  const style = part("page.css");
  const script = part("page.js");
  // As functions: in a replacement text a $ would mean something.
  const html = part("page.html")
    .replace("/* style */", () => style)
    .replace("/* script */", () => script);
  const policy = [
    "default-src 'none'",
    `style-src '${hash(style)}'`,
    `script-src '${hash(script)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return { html, policy };
}

function part(name: string): string {
  return readFileSync(new URL(`../page/${name}`, import.meta.url), "utf8");
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
