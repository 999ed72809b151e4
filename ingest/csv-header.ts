/** The header line of CSV: which column each field of a row is. */

import type { CsvColumn } from "./csv-cells.ts";
import type { CsvFields } from "./csv-fields.ts";
import { BodyFault } from "./decoder.ts";

/** A name that a fault repeats; others could be anything, a row of values included. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/** Reads headers of one dataset. */
export class CsvHeader {
  readonly #byName: ReadonlyMap<string, CsvColumn>;
  readonly #expected: string;

  constructor(columns: readonly CsvColumn[]) {
    this.#byName = new Map(columns.map((column) => [column.name, column]));
    this.#expected = `a header line with commas between some of the columns ${[...this.#byName.keys()].join(", ")}`;
  }

  /** @returns the columns in the order of the header; `fields` stands behind it then */
  read(fields: CsvFields): readonly CsvColumn[] | BodyFault {
    const found: CsvColumn[] = [];
    for (let isLast = false; !isLast; ) {
      const came = fields.next();
      if (came instanceof BodyFault) return came;
      isLast = came === "last";
      if (isLast && found.length === 0 && fields.isMissing) return this.#fault("an empty line");
      if (fields.isOdd) return this.#fault("a quote within a name");
      const name = fields.text();
      if (name === undefined) return this.#fault("bytes that are not UTF-8");
      const column = this.#byName.get(name);
      if (column === undefined) return this.#fault(cameOf(name));
      if (found.includes(column)) return this.#fault(`the column ${name} twice`);
      found.push(column);
    }
    return found;
  }

  #fault(got: string): BodyFault {
    return new BodyFault(this.#expected, got, 0);
  }
}

function cameOf(name: string): string {
  if (name === "") return "a column without a name, as of a table's index";
  return PLAIN_NAME.test(name) ? `a column ${name}` : `a name of ${name.length} characters`;
}
