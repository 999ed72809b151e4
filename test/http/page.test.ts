import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { PAGE_FILES } from "../../http/routes/page.ts";
import { assertSecured } from "./problems.ts";
import { openControl } from "./support.ts";

const FOLDER = new URL("../../http/page/", import.meta.url);
/** Ours: what a package brings is checked where its effects are, in a browser. */
const OWN = PAGE_FILES.filter((name) => !name.startsWith("uplot."));

const control = openControl();
const texts = new Map(OWN.map((name) => [name, readFileSync(new URL(name, FOLDER), "utf8")]));
const html = readFileSync(new URL("page.html", FOLDER), "utf8");

test("each file is sent as what it is, with a mark by which it is not sent twice", async () => {
  const types = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html" };
  const marks = new Set<string>();
  for (const path of ["/", ...PAGE_FILES.map((name) => `/page/${name}`)]) {
    const response = await control.request(path);
    assert.equal(response.status, 200, path);
    const ending = (path === "/" ? "page.html" : path).split(".").at(-1) as keyof typeof types;
    assert.ok(response.headers.get("content-type")?.startsWith(types[ending]), path);
    assert.ok((await response.arrayBuffer()).byteLength > 100, path);
    const mark = response.headers.get("etag") ?? "";
    assert.match(mark, /^"[\w-]{22}"$/);
    assert.ok(!marks.has(mark), `${path} has the mark of another file`);
    marks.add(mark);
    for (const given of [mark, `W/${mark}`, `"other", ${mark}`]) {
      const again = await control.request(path, { headers: { "if-none-match": given } });
      assert.equal(again.status, 304, given);
      assert.equal(await again.text(), "");
      assert.equal(again.headers.get("etag"), mark);
    }
    const changed = await control.request(path, { headers: { "if-none-match": '"other"' } });
    assert.equal(changed.status, 200);
  }
});

test("every file is under a policy that lets in this server's own files and nothing inline", async () => {
  for (const path of ["/", "/page/start.js"]) {
    const response = await control.request(path);
    assert.equal(response.headers.get("cache-control"), "no-cache");
    response.headers.set("cache-control", "no-store");
    assertSecured(response);
    const policy = response.headers.get("content-security-policy") ?? "";
    const directives = new Map(
      policy.split("; ").map((one) => [one.split(" ")[0], one.split(" ").slice(1).join(" ")]),
    );
    assert.equal(directives.get("default-src"), "'none'");
    for (const name of ["script-src", "style-src", "connect-src"])
      assert.equal(directives.get(name), "'self'");
    assert.equal(directives.get("frame-ancestors"), "'none'");
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  }
});

test("nothing outside the list is sent", async () => {
  for (const name of [
    "page.html",
    "other.js",
    "..%2f..%2fpackage.json",
    "..%2froutes%2fpage.ts",
    "%2e%2e/%2e%2e/settings.ts",
    "uPlot.esm.js",
    "START.JS",
    "start.js%00",
    "",
  ]) {
    const response = await control.request(`/page/${name}`);
    assert.equal(response.status, 404, name);
    assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  }
});

test("the list is what lies in the folder, and the page's parts ask for nothing that is not on it", () => {
  assert.deepEqual(readdirSync(FOLDER).sort(), [...OWN, "page.html"].sort());
  const asked = [
    ...[...html.matchAll(/(?:href|src)="\/page\/([^"]*)"/g)].map(([, name]) => name ?? ""),
    ...[...texts.values()].flatMap((text) =>
      [...text.matchAll(/(?:from|import) "\.\/([^"]*)"/g)].map(([, name]) => name ?? ""),
    ),
  ];
  assert.ok(asked.length > 30);
  for (const name of asked) assert.ok(PAGE_FILES.includes(name), name);
  // And none is sent for nothing.
  for (const name of PAGE_FILES) assert.ok(asked.includes(name), `${name} is asked for by nobody`);
});

test("no file speaks of another server, and none makes markup of text", () => {
  for (const [name, text] of [...texts, ["page.html", html] as const]) {
    const spoken = text.replaceAll("http://www.w3.org/2000/svg", "");
    assert.doesNotMatch(spoken, /(?:https?:|wss?:)?\/\/[a-z0-9[]/i, name);
    assert.doesNotMatch(text, /@import|url\(/, name);
    assert.doesNotMatch(
      text,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/,
      name,
    );
  }
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
});

test("the page works in a narrow window, in the dark, and for who hears it", () => {
  assert.match(html, /<meta name="viewport" content="width=device-width/);
  assert.match(html, /<html lang="en">/);
  assert.match(texts.get("theme.css") ?? "", /color-scheme: light dark/);
  for (const landmark of ["header", "nav aria-label", "main", "footer"]) {
    assert.ok(html.includes(`<${landmark}`), landmark);
  }
  // Every section has a heading for a name, and every id is there once.
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const [, label] of html.matchAll(/aria-labelledby="([^"]*)"/g)) assert.ok(ids.includes(label), label);
  for (const [, section] of html.matchAll(/<section ([^>]*)>/g))
    assert.match(section ?? "", /aria-labelledby=/);
  // Who is told by voice hears the states, not every figure.
  assert.match(html, /id="live-state" role="status"/);
  assert.match(html, /role="alert"/);
});

test("whatever a script looks for by its id is in the page", () => {
  const ids = new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
  for (const [name, text] of texts) {
    for (const [, id] of text.matchAll(/byId\("([\w-]+)"\)/g))
      assert.ok(ids.has(id), `${name} looks for ${id}`);
  }
});
