/**
 * Checks what came from outside against a dataset's declaration, and brings it to the one form that rows have inside.
 *
 * A row is an object with the dataset's own columns under their declared names and no others. What is checked is decided
 * once, when the validator is made: each column is a closure, and its refusals are made before the first row comes.
 *
 * A refusal names row, column, what was expected and what came, but never a text that came: whoever mixed two columns up
 * must not find an identifier in a log. Of texts, and of anything in an identifier's column, it says type and length.
 */

import { columnCheck, Fault, whatCame } from "./column-check.ts";
import type { Dataset } from "./define.ts";
import type { Rejection } from "./rejection.ts";
import type { Row, RowValue } from "./row.ts";

export type RowVerdict =
  | { readonly ok: true; readonly row: Row }
  | { readonly ok: false; readonly rejection: Rejection };

/**
 * Whether a value is good as a row; whether its derived columns follow from the others is looked at when it is derived from.
 * @param row which of the pushed rows it is, for the refusal
 */
export type RowValidator = (value: unknown, row: number) => RowVerdict;

/** A column name that a refusal repeats; others could be anything, line breaks included. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/**
 * Makes the validator of a dataset's rows. What it accepts, by column:
 * moments as whole milliseconds since 1970 or as RFC 3339 text; numbers within their bounds; 64-bit numbers also as
 * decimal text or bigint (as a number only up to 2^53 - 1; measures never beyond); `bool` as true or false; categories as
 * one of their values; places, and categories that have an `otherwise`, as any text up to their length, of which what it is taken
 * for is what the row has. What is not there, or null, is null in a nullable column, and in one that is filled afterwards:
 * with its default, or by a derivation. The first fault found is told: an unknown column, else the first column in declared order.
 */
export function createRowValidator(dataset: Dataset): RowValidator {
  const names = Object.keys(dataset.columns);
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const checks = Object.values(dataset.columns).map(columnCheck);
  const optional = names.map((name) => dataset.optional.has(name));
  const listed = names.join(", ");
  const found: unknown[] = new Array(names.length).fill(undefined);

  return (value, row) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const expected = `an object with the columns ${listed}`;
      return refuse({ row, column: null, reason: "not-an-object", expected, got: whatCame(value) });
    }
    found.fill(undefined);
    const given = value as Readonly<Record<string, unknown>>;
    for (const key of Object.keys(given)) {
      const index = indexOf.get(key);
      if (index === undefined) {
        const column = PLAIN_NAME.test(key) ? key : null;
        const got = `a column ${column === null ? `with a name of ${key.length} characters` : "that is not declared"}`;
        return refuse({ row, column, reason: "unknown-column", expected: `only the columns ${listed}`, got });
      }
      found[index] = given[key];
    }
    const made: Record<string, RowValue> = {};
    for (let index = 0; index < names.length; index++) {
      const came = found[index];
      const column = names[index]!;
      const { check, expected, tell } = checks[index]!;
      if (came === undefined || came === null) {
        if (!optional[index])
          return refuse({ row, column, reason: "missing", expected, got: whatCame(came) });
        made[column] = null;
        continue;
      }
      const result = check(came);
      if (result instanceof Fault) {
        const { reason } = result;
        return refuse({ row, column, reason, expected, got: tell(came, reason) });
      }
      made[column] = result;
    }
    return { ok: true, row: made };
  };
}

function refuse(rejection: Rejection): RowVerdict {
  return { ok: false, rejection };
}
