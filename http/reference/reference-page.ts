/**
 * The reference: the OpenAPI document as a page for people. It is one document with its style inside; it has no script and loads
 * nothing, so it works without a network, and nothing that stands in it can run.
 */

import { readFileSync } from "node:fs";
import { type Json, type OpenApi, type Operation, resolveResponse, resolveSchema } from "../openapi-types.ts";
import { PROBLEMS } from "../problem.ts";
import { Html, html } from "./html.ts";
import { inline, markdown } from "./markdown.ts";
import { breakable, operationView } from "./operation-view.ts";
import { membersOf, schemaId, typeOf } from "./schema-view.ts";

export interface ReferenceFacts {
  /** Where the server is asked under: http://localhost:8787 */
  readonly origin: string;
  readonly needsToken: boolean;
}

interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function renderReference(document: OpenApi, { origin, needsToken }: ReferenceFacts): string {
  const { info, tags, components } = document;
  const resolve = (schema: Json) => resolveSchema(document, schema);
  const resolved = (responses: Operation["responses"]) =>
    Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [status, resolveResponse(document, response)]),
    );
  const all: readonly Listed[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method,
      path,
      operation: { ...operation, responses: resolved(operation.responses) },
    })),
  );
  const families = tags.map(({ name, description }) => ({
    name,
    description,
    operations: all.filter(({ operation }) => operation.tags.includes(name)),
  }));
  const style = new Html(readFileSync(new URL("reference.css", import.meta.url), "utf8"));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} API ${info.version}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header class="top"><a class="home" href="/">Millrace</a> <span>API ${info.version}</span> <a href="/openapi.json">openapi.json</a></header>
<nav aria-label="Operations">
${families.map(
  ({ name, operations }) =>
    html`<div class="family"><a class="tag" href="#tag-${name}">${name}</a><ul class="operations">${operations.map(
      ({ method, path, operation }) =>
        html`<li><a href="#${operation.operationId}"><span class="method ${method}">${method.toUpperCase()}</span> <span>${breakable(path.replace(/^\/v1(?=\/)/, ""))}</span></a></li>`,
    )}</ul></div>`,
)}
<div class="family"><a class="tag" href="#problems">problems</a></div>
<div class="family"><a class="tag" href="#schemas">schemas</a></div>
</nav>
<main id="content">
<h1>${info.title} API</h1>
${markdown(info.description)}
${families.map(
  ({ name, description, operations }) =>
    html`<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${name}</h2>${
      description === undefined ? undefined : html`<p>${inline(description)}</p>`
    }${operations.map((listed) => operationView({ ...listed, origin, needsToken, resolve }))}</section>`,
)}
<section aria-labelledby="problems"><h2 id="problems">problems</h2>
<p>An error is <code>application/problem+json</code>, a <a href="#${schemaId("Problem")}">Problem</a>. Its <code>type</code> is <code>urn:millrace:problem:</code> and one of these:</p>
<dl class="problem-list">${Object.entries(PROBLEMS).map(
    ([code, [status, title]]) =>
      html`<div id="problem-${code}"><dt><span class="status s${String(status)[0]}">${status}</span> <code>${code}</code></dt><dd>${title}</dd></div>`,
  )}</dl></section>
<section aria-labelledby="schemas"><h2 id="schemas">schemas</h2>
${Object.entries(components.schemas).map(([name, schema]) => schemaSection(name, schema))}</section>
</main>
</body>
</html>
`;
  return page.text;
}

function schemaSection(name: string, schema: Json): Html {
  const said = schema["description"];
  return html`<article id="${schemaId(name)}" class="schema"><h3><a href="#${schemaId(name)}">${name}</a></h3>${
    typeof said === "string" ? html`<p>${inline(said)}</p>` : undefined
  }${membersOf(schema) ?? html`<p class="type">${typeOf(schema)}</p>`}</article>`;
}
