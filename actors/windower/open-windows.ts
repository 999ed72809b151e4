/**
 * The operator of one windows dataset and what makes rows of what it closes, in their share of the memory. Rows go in by batches; what closes
 * is handed on before the row that closed it is added.
 */

import type { Dataset, WindowSpec } from "../../datasets/define.ts";
import type { PublicBatch } from "../../runtime/batch/index.ts";
import { BlockPool, type Kernels } from "../../wasm/index.ts";
import { createOperator } from "../../windowing/create-operator.ts";
import type {
  ClosedWindow,
  OperatorCounts,
  OperatorFigures,
  WindowOperator,
} from "../../windowing/operator.ts";
import { StateReader, StateWriter } from "../../windowing/state.ts";
import { BatchColumns, mostRows } from "./row-columns.ts";
import type { WindowRules } from "./rules.ts";
import { type WindowRows, windowRowsOf } from "./window-rows.ts";

/** Where a windows dataset's state lies. */
export interface StatePlace {
  readonly poolAt: number;
  readonly poolBytes: number;
  /** Where columns are copied to that lie elsewhere. */
  readonly copyAt: number;
}

/** Takes a closed window in, before the next is asked for. */
export type TakeWindow = (window: ClosedWindow, rows: WindowRows) => Promise<void>;

/** An operator has failed on rows: they may be what brings it down. */
export class RowsFailed extends Error {
  override readonly name = "RowsFailed";
}

export class OpenWindows {
  readonly rules: WindowRules;
  readonly #pool: BlockPool;
  readonly #rows: WindowRows;
  readonly #operator: WindowOperator;
  readonly #columns: BatchColumns;

  /** Whatever had its state there before has no more. @throws PoolExhausted when the place is too small for any state */
  constructor(
    kernels: Kernels,
    source: Dataset,
    derived: Dataset,
    by: WindowSpec,
    { poolAt, poolBytes, copyAt }: StatePlace,
    rules: WindowRules,
  ) {
    this.rules = rules;
    this.#pool = new BlockPool(poolAt, poolBytes);
    this.#rows = windowRowsOf(kernels, this.#pool, derived, by, rules.maxGroups);
    this.#operator = createOperator({
      ...{ kernels, pool: this.#pool, accumulation: this.#rows.accumulation, shape: by.shape },
      ...rules,
      maxRows: mostRows(source),
    });
    this.#columns = new BatchColumns(kernels.memory, source, by, copyAt);
  }

  get counts(): OperatorCounts {
    return this.#operator.counts;
  }

  get figures(): OperatorFigures {
    return this.#operator.figures;
  }

  /** Values that are in no percentile, or the like, for want of memory, since this was made. */
  get truncated(): number {
    return this.#rows.accumulation.truncated;
  }

  get stateBytes(): number {
    return this.#pool.usedBytes;
  }

  /** @throws RowsFailed when the operator fails on them, with the cause; what `take` throws */
  async add(batch: PublicBatch, take: TakeWindow): Promise<void> {
    const { setBacks } = this.counts;
    for (const columns of this.#columns.of(batch)) {
      for (let row = 0; row < columns.rows; ) {
        row = this.#try(() => this.#operator.add(columns, row));
        await this.#takeDue(take);
      }
    }
    if (this.counts.setBacks !== setBacks) this.#rows.beginAnew();
  }

  async advance(toMs: number, take: TakeWindow): Promise<void> {
    this.#operator.advance(toMs);
    await this.#takeDue(take);
  }

  /** -Infinity before the first row. */
  get watermarkMs(): number {
    return this.#operator.watermarkMs;
  }

  lastOpenEndMs(): number | undefined {
    return this.#operator.lastOpenEndMs();
  }

  /** Everything that tells what will come out, in bytes of its own. */
  save(): Uint8Array {
    const out = new StateWriter();
    this.#operator.save(out);
    this.#rows.save(out);
    return out.written.slice();
  }

  /** Into one that has seen nothing. @throws RangeError when the bytes are no such state; PoolExhausted */
  load(state: Uint8Array): void {
    const from = new StateReader(state);
    this.#operator.load(from);
    this.#rows.load(from);
    if (!from.isAtEnd) throw new RangeError("expected the end of the state; there is more");
  }

  async #takeDue(take: TakeWindow): Promise<void> {
    const next = () => this.#try(() => this.#operator.next());
    for (let window = next(); window !== undefined; window = next()) await take(window, this.#rows);
  }

  #try<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      throw new RowsFailed(`an operator failed: ${(cause as Error).message}`, { cause });
    }
  }
}
