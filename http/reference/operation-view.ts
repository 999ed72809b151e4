/** One operation on the reference page: what it is for, how it is asked, what it answers. */

import type { Json, Operation, Parameter, Response } from "../openapi-types.ts";
import { type CurlFacts, curlOf } from "./curl.ts";
import { Html, html } from "./html.ts";
import { codeBlock, inline, markdown } from "./markdown.ts";
import { membersOf, refName, typeOf } from "./schema-view.ts";

const PROBLEM_TYPE = "application/problem+json";

export function operationView(facts: CurlFacts): Html {
  const { method, path, operation, resolve } = facts;
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const scope = operation["x-millrace-scope"];
  return html`<article id="${operationId}" aria-labelledby="${operationId}-title">
<header><h3 id="${operationId}-title"><a href="#${operationId}"><span class="method ${method}">${method.toUpperCase()}</span> <code>${breakable(path)}</code></a></h3>
<span class="scope ${scope}">${scope === "open" ? "open" : html`scope ${scope}`}</span></header>
<p class="summary">${inline(summary)}</p>
${codeBlock(curlOf(facts))}
${description === undefined ? undefined : markdown(description)}
${parameters.length === 0 ? undefined : html`<h4>Parameters</h4>${parametersView(parameters)}`}
${requestBody === undefined ? undefined : html`<h4>Body</h4>${bodyView(requestBody.content, resolve)}`}
<h4>Answers</h4>
${Object.entries(responses).map(([status, response]) => answerView(status, response, resolve))}
${problemsView(responses)}
</article>`;
}

/** A path that may be broken behind its slashes. */
export function breakable(path: string): Html {
  return new Html(
    path
      .split(/(?<=\/)(?=.)/)
      .map((part) => html`${part}`.text)
      .join("<wbr>"),
  );
}

function parametersView(parameters: readonly Parameter[]): Html {
  return html`<dl class="parameters">${parameters.map(
    ({ name, in: place, required, description, schema }) => {
      const need = required ? undefined : html` <span class="optional">optional</span>`;
      return html`<div><dt><code>${name}</code> <span class="place">${place}</span></dt><dd><span class="type">${typeOf(schema)}</span>${need}${
        description === undefined ? undefined : html`<p>${inline(description)}</p>`
      }</dd></div>`;
    },
  )}</dl>`;
}

/** Forms that are the same but for their name stand together. */
function bodyView(
  content: NonNullable<Operation["requestBody"]>["content"],
  resolve: CurlFacts["resolve"],
): Html {
  const forms = Object.entries(content);
  const [only] = forms;
  if (only !== undefined && forms.length === 1) return schemaView(only[1].schema, resolve, "JSON: ");
  const groups = Map.groupBy(forms, ([, { schema }]) => JSON.stringify(schema));
  const views = [...groups.values()].map((same) => {
    const types = same.map(
      ([type], index) => html`${index === 0 ? "" : ", "}<code class="media">${type}</code>`,
    );
    return html`<li>${types} ${formView(same[0]![1].schema, resolve)}</li>`;
  });
  return html`<ul class="forms">${views}</ul>`;
}

function answerView(
  status: string,
  { description = "", content = {} }: Response,
  resolve: CurlFacts["resolve"],
): Html | undefined {
  const forms = Object.entries(content).filter(([type]) => type !== PROBLEM_TYPE);
  if (forms.length === 0 && PROBLEM_TYPE in content) return undefined;
  const views = forms.map(
    ([type, { schema }]) => html`<li><code class="media">${type}</code> ${formView(schema, resolve)}</li>`,
  );
  return html`<div class="answer"><p><span class="status s${status[0]}">${status}</span> ${inline(description)}</p>${
    views.length === 0 ? undefined : html`<ul class="forms">${views}</ul>`
  }</div>`;
}

function formView(schema: Json, resolve: CurlFacts["resolve"]): Html {
  const { type, description } = schema as { readonly type?: unknown; readonly description?: string };
  const isWords =
    description !== undefined && (type === undefined || type === "string") && refName(schema) === undefined;
  return isWords ? inline(description) : schemaView(schema, resolve, "");
}

function schemaView(schema: Json, resolve: CurlFacts["resolve"], before: string): Html {
  const members = membersOf(resolve(schema));
  if (members === undefined) return html`${before}${typeOf(schema)}`;
  const name = refName(schema);
  return html`<details><summary>${before}${name ?? typeOf(schema)}</summary>${members}</details>`;
}

function problemsView(responses: Operation["responses"]): Html | undefined {
  const problems = Object.entries(responses).flatMap(([status, { content = {} }]) => {
    const schema = content[PROBLEM_TYPE]?.schema as
      | { readonly properties: { readonly type: { readonly enum: readonly string[] } } }
      | undefined;
    return (schema?.properties.type.enum ?? []).map((urn) => ({
      status,
      code: urn.slice(urn.lastIndexOf(":") + 1),
    }));
  });
  if (problems.length === 0) return undefined;
  return html`<details class="problems"><summary>Problems</summary><ul>${problems.map(
    ({ status, code }) =>
      html`<li><span class="status s${status[0]}">${status}</span> <a href="#problem-${code}"><code>${code}</code></a></li>`,
  )}</ul></details>`;
}
