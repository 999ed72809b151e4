/** Where a query's answer goes: standard output as it comes, or a file that is there whole or not at all. */

import { ExportFile } from "../actors/exporter/export-file.ts";
import { writeOut } from "./console.ts";
import { refusalEnd, usageError } from "./exit-codes.ts";

export interface QueryTarget {
  /** Resolves when more may come. @throws CommandEnd when it cannot be written */
  write(bytes: Uint8Array): Promise<void>;
  /** All of it has been written. @throws CommandEnd when it cannot be kept */
  finish(): void;
  /** Leaves nothing of a file that was not finished. */
  abandon(): void;
}

/** @throws CommandEnd when no file can be made there */
export function queryTarget(output: string | undefined, force: boolean): QueryTarget {
  if (output === undefined || output === "-") return { write: writeOut, finish: () => {}, abandon: () => {} };
  const begun = ExportFile.begin(output, { force });
  if (!begun.ok && begun.reason === "exists") {
    throw usageError(`--output: ${output} is there already; choose another, or replace it with --force`);
  }
  if (!begun.ok) throw refusalEnd(begun);
  const { file } = begun;
  return {
    async write(bytes) {
      const fault = file.write([bytes]);
      if (fault !== undefined) throw refusalEnd(fault);
    },
    finish() {
      const fault = file.finish();
      if (fault !== undefined) throw refusalEnd(fault);
    },
    abandon: () => file.abandon(),
  };
}
