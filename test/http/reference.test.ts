import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { openApi } from "../../http/openapi.ts";
import type { OpenApi } from "../../http/openapi-types.ts";
import { curlOf } from "../../http/reference/curl.ts";
import { html } from "../../http/reference/html.ts";
import { markdown } from "../../http/reference/markdown.ts";
import { renderReference } from "../../http/reference/reference-page.ts";
import { assertSecured } from "./problems.ts";
import { HOST, openControl } from "./support.ts";

const page = async (options = {}) => {
  const response = await openControl(options).request("/docs");
  assert.equal(response.status, 200);
  return { response, text: await response.text() };
};

test("the page has no script, loads nothing, and its policy lets nothing else in", async () => {
  const { response, text } = await page();
  assertSecured(response);
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /script-src 'none'/);
  assert.match(policy, /style-src 'sha256-[A-Za-z0-9+/=]+';/);
  assert.doesNotMatch(text, /<script|\son\w+=|\sstyle=|<iframe|<object|javascript:/i);
  // What a page would fetch: only links may lead away, and there is but the icon that is none.
  assert.deepEqual(
    [...text.matchAll(/<(\w+)[^>]*\s(?:src|srcset)=/g)].map(([, tag]) => tag),
    [],
  );
  assert.deepEqual(
    [...text.matchAll(/<link [^>]*>/g)].map(([link]) => link),
    ['<link rel="icon" href="data:,">'],
  );
});

test("every link within the page leads somewhere, and no two places have one name", async () => {
  const { text } = await page();
  const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const [, to] of text.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(to), `#${to} leads nowhere`);
});

test("every operation, parameter, problem and schema of the document is on the page", async () => {
  const { request } = openControl();
  const document = (await (await request("/openapi.json")).json()) as OpenApi;
  const text = await (await request("/docs")).text();
  for (const methods of Object.values(document.paths)) {
    for (const { operationId, parameters = [] } of Object.values(methods)) {
      const [, own = ""] = text.split(`<article id="${operationId}"`);
      const article = own.split("</article>")[0]!;
      assert.match(article, /<code>curl /);
      for (const { name } of parameters)
        assert.ok(article.includes(`<dt><code>${name}</code>`), `${operationId}: ${name}`);
    }
  }
  for (const name of Object.keys(document.components.schemas))
    assert.ok(text.includes(`id="schema-${name}"`));
});

test("a command line is for the server that was asked, with a token where one is needed", async () => {
  const { text } = await page();
  assert.ok(text.includes(`curl &#39;http://${HOST}/health&#39;`));
  assert.ok(!text.includes("MILLRACE_TOKEN"));
  const guarded = await page({ token: "a-token-that-is-long-enough" });
  assert.ok(guarded.text.includes("Authorization: Bearer $MILLRACE_TOKEN"));
  assert.ok(guarded.text.includes(`curl &#39;http://${HOST}/health&#39;`), "health needs none");
  assert.ok(!guarded.text.includes("long-enough"));
});

test("a command line has what must be said, quoted for a shell", () => {
  const document = openApi(
    [
      {
        method: "put",
        path: "/v1/things/:name",
        tag: "things",
        summary: "Keeps a thing",
        scope: "control",
        params: z.object({ name: z.string().meta({ description: "Its name.", examples: ["a b"] }) }),
        query: z.object({ must: z.string().describe("x"), may: z.string().optional().describe("y") }),
        body: {
          schema: z.strictObject({
            text: z.string().meta({ examples: ["it's"] }),
            no: z.number().optional(),
          }),
        },
        answers: { 200: { meaning: "Kept." } },
      },
    ],
    { version: "1", sessionCookie: "c" },
  );
  const operation = document.paths["/v1/things/{name}"]!["put"]!;
  const facts = {
    method: "put",
    path: "/v1/things/{name}",
    operation,
    origin: "http://h",
    resolve: <T>(same: T) => same,
  };
  assert.equal(
    curlOf({ ...facts, needsToken: true }),
    `curl -X PUT -H "Authorization: Bearer $MILLRACE_TOKEN" 'http://h/v1/things/a%20b?must=MUST' \\\n  --json '{"text":"it'\\''s"}'`,
  );
});

test("what stands in a document cannot become markup", () => {
  const nasty = `<script>alert("1")</script><img src=x onerror='x'>`;
  const document = openApi(
    [
      {
        method: "get",
        path: "/x",
        tag: "health",
        summary: nasty,
        description: `${nasty}\n\n| ${nasty} | \`${nasty}\` |\n\n- **${nasty}**\n\n    ${nasty}\n\n[x](javascript:alert) [y](/ok"onclick="x)`,
        scope: "open",
        query: z.object({ [nasty]: z.enum([nasty]).describe(nasty) }),
        answers: { 200: { meaning: nasty, content: { "text/html": { schema: nasty } } } },
      },
    ],
    { version: nasty, sessionCookie: nasty },
  );
  const text = renderReference(document, { origin: nasty, needsToken: true });
  assert.doesNotMatch(text, /<script|<img|href="javascript|"onclick/i);
});

test("markdown: paragraphs, lists, code, tables, links, and nothing else", () => {
  const made = (text: string) => markdown(text).text;
  assert.equal(made("a `b<c` **d** *e*\nf"), "<p>a <code>b&#60;c</code> <strong>d</strong> <em>e</em> f</p>");
  assert.equal(made("- a\n  b\n- c"), "<ul><li>a b</li><li>c</li></ul>");
  assert.equal(made("```\na\n  b\n```\nc"), '<pre tabindex="0"><code>a\n  b</code></pre><p>c</p>');
  assert.equal(made("    a\n    b\n\nc"), '<pre tabindex="0"><code>a\nb</code></pre><p>c</p>');
  assert.equal(
    made("| a | b |\n|---|---|\n| `x` | y |"),
    "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td><code>x</code></td><td>y</td></tr></tbody></table>",
  );
  assert.equal(
    made("[a](https://b) [c](#d) [e](x:y)"),
    '<p><a href="https://b">a</a> <a href="#d">c</a> [e](x:y)</p>',
  );
  assert.equal(made("```\nnever closed"), '<pre tabindex="0"><code>never closed</code></pre>');
  assert.equal(html`${["<", html`<b>${1}</b>`]}${undefined}`.text, "&#60;<b>1</b>");
});
