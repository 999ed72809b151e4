/** Tells the log of rows and values that are in no window, since it was told last. */

import type { Log } from "../../runtime/log.ts";
import type { OperatorCounts } from "../../windowing/operator.ts";

type Told = Pick<OperatorCounts, "late" | "ahead" | "refused" | "other" | "setBacks"> & {
  readonly truncated: number;
};

const MESSAGES: Readonly<Record<keyof Told, string>> = {
  late: "{rows} rows came too late for their windows in {dataset}",
  ahead: "{rows} rows are in no window of {dataset}: they are of the future of who wrote them",
  refused: "{rows} rows are in no window of {dataset}: there is no room for more groups",
  other: "{rows} rows are among all others in {dataset}: there is no room for their groups",
  setBacks: "event time of {dataset} begins anew: the clock was set back",
  truncated: "{rows} values are in no percentile, or the like, of {dataset}, for want of memory",
};

export class LeftOutReport {
  readonly #log: Log;
  readonly #dataset: string;
  #told: Told = { late: 0, ahead: 0, refused: 0, other: 0, setBacks: 0, truncated: 0 };

  constructor(log: Log, dataset: string) {
    this.#log = log;
    this.#dataset = dataset;
  }

  tell(counts: OperatorCounts, truncated: number): void {
    const now = told(counts, truncated);
    for (const [name, message] of Object.entries(MESSAGES)) {
      const rows = now[name as keyof Told] - this.#told[name as keyof Told];
      if (rows > 0) this.#log.warning(message, { rows, dataset: this.#dataset });
    }
    this.#told = now;
  }

  /** All this has been told already. */
  pass(counts: OperatorCounts, truncated: number): void {
    this.#told = told(counts, truncated);
  }
}

function told({ late, ahead, refused, other, setBacks }: OperatorCounts, truncated: number): Told {
  return { late, ahead, refused, other, setBacks, truncated };
}
