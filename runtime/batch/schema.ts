/**
 * The shape of a batch, and the plan of its buffers.
 *
 * A batch has two views of the same bytes. The **raw** view is what a source wrote; the **public** view is what may leave.
 * A raw field either *is* a public one (a measure: one buffer, two names) or has buffers of its own, which lie behind
 * everything public, so that they can be wiped in one stroke and the public part is one contiguous run of bytes.
 */

/** Element types, by their Arrow meaning. `timestamp` is milliseconds since the epoch, UTC; `category` a byte that indexes `values`. */
export type ColumnType =
  | "f64"
  | "f32"
  | "i32"
  | "u32"
  | "u16"
  | "u8"
  | "i64"
  | "u64"
  | "timestamp"
  | "bool"
  | "utf8"
  | "category";

/** Bytes of one element; 0 for those that are not a whole number of bytes wide (`bool` a bit, `utf8` by its offsets). */
export const ELEMENT_BYTES: Readonly<Record<ColumnType, number>> = {
  f64: 8,
  f32: 4,
  i32: 4,
  u32: 4,
  u16: 2,
  u8: 1,
  i64: 8,
  u64: 8,
  timestamp: 8,
  bool: 0,
  utf8: 0,
  category: 1,
};

export interface FieldSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** The closed list of a `category`, at most 255 values; an element is an index into it. */
  readonly values?: readonly string[];
}

/** A raw field with its own buffers, or one that shares those of the public field `sharedWith`. */
export type RawFieldSpec = FieldSpec | { readonly name: string; readonly sharedWith: string };

export interface BatchSchema {
  readonly public: readonly FieldSpec[];
  readonly raw: readonly RawFieldSpec[];
}

/** One column of one view: where its buffers stand in a batch's buffer table (-1: it has no such buffer). */
export interface Column extends FieldSpec {
  readonly validity: number;
  /** Elements, or a `utf8` column's int32 offsets. */
  readonly data: number;
  /** A `utf8` column's bytes. */
  readonly text: number;
}

/** All buffers of a schema in the order they lie in a slot: the first `publicBuffers` are public. */
export class BatchPlan {
  readonly schema: BatchSchema;
  readonly publicColumns: readonly Column[];
  /** Columns with buffers of their own in the raw part. */
  readonly rawOnlyColumns: readonly Column[];
  readonly bufferCount: number;
  readonly #public = new Map<string, Column>();
  readonly #raw = new Map<string, Column>();

  constructor(schema: BatchSchema) {
    this.schema = schema;
    let next = 0;
    const plan = (field: FieldSpec): Column => ({
      ...field,
      validity: field.nullable ? next++ : -1,
      data: next++,
      text: field.type === "utf8" ? next++ : -1,
    });
    const add = (into: Map<string, Column>, column: Column, name: string) => {
      if (into.has(name)) throw new RangeError(`column ${name} stands twice in a batch schema`);
      into.set(name, column);
    };
    this.publicColumns = schema.public.map(plan);
    for (const column of this.publicColumns) add(this.#public, column, column.name);
    const rawOnly: Column[] = [];
    for (const field of schema.raw) {
      if ("sharedWith" in field) {
        add(this.#raw, this.public(field.sharedWith), field.name);
      } else {
        const column = plan(field);
        rawOnly.push(column);
        add(this.#raw, column, field.name);
      }
    }
    this.rawOnlyColumns = rawOnly;
    this.bufferCount = next;
  }

  /** The column `name` of the view that may leave. @throws RangeError when there is none */
  public(name: string): Column {
    return found(this.#public, name, "public");
  }

  /** The column `name` as its source wrote it. @throws RangeError when there is none */
  raw(name: string): Column {
    return found(this.#raw, name, "raw");
  }
}

function found(columns: ReadonlyMap<string, Column>, name: string, view: string): Column {
  const column = columns.get(name);
  if (column === undefined) {
    throw new RangeError(`no ${view} column ${name}; there are ${[...columns.keys()].join(", ")}`);
  }
  return column;
}
