/** The OpenAPI document as far as it is made and read here, and how what stands once in it is found. */

/** Where schemas and answers stand that have a name. */
export const SCHEMAS = "#/components/schemas/";
export const RESPONSES = "#/components/responses/";

/** A part of the document: plain JSON. */
export type Json = { readonly [member: string]: unknown };

export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly Json[];
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Readonly<Record<string, Response>>;
    readonly securitySchemes: Readonly<Record<string, Json>>;
  };
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response>>;
  /** The scope, for who reads the document without knowing its security schemes. */
  readonly "x-millrace-scope": string;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
}

export interface MediaType {
  readonly schema: Json;
}

export interface Response {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, MediaType>>;
}

/** An answer of an operation, wherever in the document it stands. */
export function resolveResponse({ components }: OpenApi, response: Response): Response {
  const { $ref } = response;
  return ($ref === undefined ? undefined : components.responses[$ref.slice(RESPONSES.length)]) ?? response;
}

/** A schema, wherever in the document it stands. */
export function resolveSchema({ components }: Pick<OpenApi, "components">, schema: Json): Json {
  const ref = schema["$ref"];
  return (typeof ref === "string" ? components.schemas[ref.slice(SCHEMAS.length)] : undefined) ?? schema;
}
