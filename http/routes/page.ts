/** GET /: a page for people. One document with its style and script inside, which load nothing else. */

import { readFileSync } from "node:fs";
import type { Hono } from "hono";
import { pagePolicy } from "../page-policy.ts";

/**
 * The script's parts. They are modules, for whoever reads and checks them; here they become one script, in which what one
 * part lends to another has one name.
 */
const SCRIPTS = ["base.js", "overview.js", "store.js", "exports.js", "query.js", "start.js"];
const MODULE_WORDS = /^import [^;]*;\n|^export /gm;

export function pageRoutes(app: Hono): void {
  let page: { readonly html: string; readonly policy: string } | undefined;
  app.get("/", (c) => {
    page ??= composePage();
    return c.html(page.html, 200, { "content-security-policy": page.policy });
  });
}

function composePage() {
  const style = part("page.css");
  const script = SCRIPTS.map((name) => part(name).replace(MODULE_WORDS, "")).join("\n");
  // As functions: in a replacement text a $ would mean something.
  const html = part("page.html")
    .replace("/* style */", () => style)
    .replace("/* script */", () => script);
  return { html, policy: pagePolicy(html, ["connect-src 'self'", "img-src data:"]) };
}

function part(name: string): string {
  return readFileSync(new URL(`../page/${name}`, import.meta.url), "utf8");
}
