import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { assertSecured } from "./problems.ts";
import { openControl } from "./support.ts";

async function page() {
  const response = await openControl().request("/");
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/html; charset=utf-8$/i);
  assertSecured(response);
  return { html: await response.text(), policy: response.headers.get("content-security-policy") ?? "" };
}

function between(html: string, tag: string): readonly string[] {
  return [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))].map(([, text]) => text ?? "");
}

test("the policy lets in exactly the style and the script that are in the page", async () => {
  const { html, policy } = await page();
  for (const [tag, directive] of [
    ["style", "style-src"],
    ["script", "script-src"],
  ] as const) {
    const texts = between(html, tag);
    assert.equal(texts.length, 1);
    assert.ok(texts[0]!.length > 100);
    const digest = createHash("sha256").update(texts[0]!).digest("base64");
    assert.ok(policy.includes(`${directive} 'sha256-${digest}'`), policy);
  }
  assert.ok(!policy.includes("unsafe"));
  assert.ok(policy.includes("frame-ancestors 'none'"));
});

test("the script's parts are one script, in which no name stands for two things", async () => {
  const { html } = await page();
  const [script = ""] = between(html, "script");
  assert.doesNotMatch(script, /^\s*(?:import|export)\b/m);
  // Throws on what is no script, and on a name that is declared twice.
  assert.equal(typeof new Function(`"use strict";${script}`), "function");
});

test("the page loads nothing from elsewhere, and has no style or handler that the policy would stop", async () => {
  const { html } = await page();
  assert.doesNotMatch(html, /https?:\/\/|\bsrc=|@import|url\(/);
  assert.doesNotMatch(html.replace(/<script>[\s\S]*<\/script>/, ""), /\sstyle=|\son[a-z]+=/);
  assert.doesNotMatch(html, /innerHTML|insertAdjacentHTML|document\.write|eval\(/);
});

test("the page works in a narrow window, in the dark, and for who hears it", async () => {
  const { html } = await page();
  assert.match(html, /<meta name="viewport" content="width=device-width/);
  assert.match(html, /prefers-color-scheme: dark/);
  assert.match(html, /<html lang="en">/);
  assert.match(html, /role="status"/);
});
