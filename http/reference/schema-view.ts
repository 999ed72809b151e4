/** A JSON Schema as people read it: what kind of value it is, in a few words, and a list of an object's members. */

import type { Json } from "../openapi-types.ts";
import { type Html, html } from "./html.ts";
import { inline } from "./markdown.ts";

interface Schema extends Json {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

const REF = "#/components/schemas/";

/** The id of a named schema's place on the page. */
export function schemaId(name: string): string {
  return `schema-${name}`;
}

/** The name of the schema that stands elsewhere; undefined: it stands here. */
export function refName(schema: Json): string | undefined {
  const { $ref } = schema as Schema;
  return $ref?.startsWith(REF) ? $ref.slice(REF.length) : undefined;
}

/** Members of an object, of what a list or a choice is made of; undefined when there are none to tell. */
export function membersOf(schema: Json): Html | undefined {
  const object = objectIn(schema as Schema);
  if (object?.properties === undefined) return undefined;
  const { properties, required = [] } = object;
  const members = Object.entries(properties).map(([name, member]) => {
    const optional = required.includes(name) ? undefined : html` <span class="optional">optional</span>`;
    const said =
      typeof member.description === "string" ? html`<p>${inline(member.description)}</p>` : undefined;
    return html`<li><code class="member">${name}</code> <span class="type">${typeOf(member)}</span>${optional}${said}${membersOf(member)}</li>`;
  });
  return html`<ul class="members">${members}</ul>`;
}

/** In a few words: `integer, at least 0`, `list of ExportJob`, `"ok" or "degraded"`. */
export function typeOf(given: Json): Html {
  const schema = given as Schema;
  const name = refName(schema);
  if (name !== undefined) return html`<a href="#${schemaId(name)}">${name}</a>`;
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined)
    return choice(schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`));
  const some = schema.anyOf ?? schema.oneOf;
  if (some !== undefined) return choice(some.map(typeOf));
  if (schema.allOf !== undefined) return html`${schema.allOf.map(typeOf)}`;
  if (Array.isArray(schema.type)) return html`${schema.type.join(" or ")}${bounds(schema)}`;
  if (schema.type === "array")
    return html`list of ${schema.items === undefined ? "anything" : typeOf(schema.items)}`;
  if (schema.type === "object" && schema.properties === undefined) {
    const { additionalProperties: values } = schema;
    if (typeof values === "object" && Object.keys(values).length > 0)
      return html`object of ${typeOf(values)}`;
  }
  if (schema["format"] === "date-time") return html`time`;
  return html`${typeof schema.type === "string" ? schema.type : "anything"}${bounds(schema)}`;
}

function choice(kinds: readonly Html[]): Html {
  return html`${kinds.map((kind, index) => html`${index === 0 ? "" : " or "}${kind}`)}`;
}

function bounds(schema: Schema): string {
  const { minimum, maximum, maxLength } = schema as {
    minimum?: number;
    maximum?: number;
    maxLength?: number;
  };
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  if (maximum !== undefined) return `, at most ${maximum}`;
  return maxLength === undefined ? "" : `, at most ${maxLength} characters`;
}

/** The object that a schema is, is a list of, or may be. Named ones stand elsewhere. */
function objectIn(schema: Schema): Schema | undefined {
  if (schema.properties !== undefined) return schema;
  const { items, additionalProperties: values, anyOf, oneOf } = schema;
  if (items !== undefined) return objectIn(items);
  if (typeof values === "object") return objectIn(values);
  return (anyOf ?? oneOf)?.map(objectIn).find((object) => object !== undefined);
}
