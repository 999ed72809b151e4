/** zod's schemas as those of the OpenAPI document. */

import { z } from "zod";
import { type Json, SCHEMAS } from "./openapi-types.ts";

/** Turns zod's schemas into those of the document, and keeps those that have an id. */
export class Schemas {
  readonly #named = new Map<string, string>();

  of(schema: z.ZodType): Json {
    const made = z.toJSONSchema(schema, {
      io: "input",
      unrepresentable: "any",
      override: ({ jsonSchema }) => {
        // Said by the format.
        if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
        // What every integer in JSON is bound by says nothing.
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      },
    });
    const text = JSON.stringify(made).replaceAll('"#/$defs/', `"${SCHEMAS}`);
    const {
      $schema: _,
      $defs = {},
      ...own
    } = JSON.parse(text) as Json & { readonly $defs?: Record<string, Json> };
    for (const [id, definition] of Object.entries($defs)) this.#keep(id, JSON.stringify(definition));
    return own;
  }

  named(): Record<string, Json> {
    const all = [...this.#named].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(all.map(([id, text]) => [id, JSON.parse(text)]));
  }

  #keep(id: string, text: string): void {
    const before = this.#named.get(id);
    if (before !== undefined && before !== text) throw new Error(`two schemas have the id ${id}`);
    this.#named.set(id, text);
  }
}
