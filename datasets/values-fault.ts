/** What is wrong with the values that a declaration lets a column have: its bounds, its default, what it was before there was it. */

import { boundsOf, type ColumnSpec, type MeasureColumn, typeBounds } from "./column.ts";

/** The first fault, as a sentence's end; undefined when there is none. */
export function valuesFault(name: string, column: ColumnSpec): string | undefined {
  return boundsFault(name, column) ?? earlierFault(name, column) ?? defaultFault(name, column);
}

function boundsFault(name: string, column: ColumnSpec): string | undefined {
  if (column.class !== "measure" && column.class !== "identifier" && column.class !== "moment")
    return undefined;
  const [lowest, highest] = typeBounds(column.type);
  if (column.class === "measure" && column.above !== undefined) {
    const { above, min, type } = column;
    if (!isFloat(column))
      return `column ${name} is above ${above} and of the type ${type}; only a float is, others have min`;
    if (min !== undefined)
      return `column ${name} is above ${above} and has min ${min}; expected one of the two`;
    if (!(above >= lowest && above < highest)) {
      return `column ${name} is above ${above}; expected a number below the largest that ${type} holds`;
    }
  }
  const [min, max] = boundsOf(column);
  if (!(min <= max && min >= lowest && max <= highest)) {
    return `column ${name} is bounded by ${min} and ${max}; expected bounds in order, within what ${column.type} holds`;
  }
  if (isWhole(column) && !(Number.isInteger(min) && Number.isInteger(max))) {
    return `column ${name} holds whole numbers; its bounds ${min} and ${max} must be whole`;
  }
  return undefined;
}

function earlierFault(name: string, column: ColumnSpec): string | undefined {
  if (column.class !== "measure" || column.earlier === undefined) return undefined;
  if (column.nullable === true) return `column ${name} may be missing: it was, before there was it`;
  const [min, max] = boundsOf(column);
  if (column.earlier >= min && column.earlier <= max && column.type !== "bool") return undefined;
  return `column ${name} had the value ${column.earlier} before there was it, which it may not have`;
}

function defaultFault(name: string, column: ColumnSpec): string | undefined {
  // A declaration that no compiler has seen may say it of any column.
  const value = (column as { readonly default?: unknown }).default;
  if (value === undefined) return undefined;
  if (column.class === "moment" && value !== "now")
    return `column ${name} has the default ${value}; a moment's is now`;
  if (column.class !== "measure" && column.class !== "moment") {
    return `column ${name} has a default and class ${column.class}; only a measure or a moment has one`;
  }
  if (column.nullable === true)
    return `column ${name} has a default, so that it is never missing, and is nullable`;
  if (column.class === "moment" || isAllowed(column, value)) return undefined;
  return `column ${name} has the default ${value}, which it may not have`;
}

function isAllowed(column: MeasureColumn, value: unknown): boolean {
  if (column.type === "bool") return typeof value === "boolean";
  const [min, max] = boundsOf(column);
  if (typeof value !== "number" || !(value >= min && value <= max)) return false;
  return isFloat(column) || Number.isInteger(value);
}

function isFloat({ type }: ColumnSpec): boolean {
  return type === "f64" || type === "f32";
}

function isWhole(column: ColumnSpec): boolean {
  return !isFloat(column) && column.type !== "bool" && column.type !== "utf8";
}
