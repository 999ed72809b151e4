/**
 * The slots that one request's rows are written into, table after table. Nobody sees any of them before `publish` shows all at once; `abandon`
 * gives them back as if nothing had been written.
 *
 * When the lane has no room for the next one, all are given back at once, and the rows that still come are counted only.
 */

import type { Dataset } from "../../datasets/define.ts";
import type { PushTable } from "../../ingest/table.ts";
import type { TableWriter } from "../../ingest/write-table.ts";
import type { ActorContext } from "../../runtime/actor/types.ts";
import type { Door } from "../door.ts";
import { kernelsOf } from "../resources.ts";
import { hasRow, NO_ROWS_YET, nextEdge, type RowRanges } from "../store/log/row-ranges.ts";
import type { RequestKey } from "./protocol.ts";

export class Claims {
  /** Good rows of the request so far, those that are not written again among them. */
  accepted = 0;
  /** Of these, rows that are not written again. */
  repeated = 0;
  /** Slots that the rows take that are written, or would take: more than rows make, where texts are long or tables short. */
  slots = 0;
  /** Whether the lane had no room. */
  isFull = false;
  readonly #context: ActorContext<never>;
  readonly #door: Door;
  readonly #writer: TableWriter;
  readonly #slotBytes: number;
  #request: RequestKey | null = null;
  #known: RowRanges = NO_ROWS_YET;
  #claimed: number[] = [];

  constructor(context: ActorContext<never>, dataset: Dataset, door: Door, writer: TableWriter) {
    this.#context = context;
    this.#door = door;
    this.#writer = writer;
    this.#slotBytes = context.lane(dataset.name).slotBytes;
  }

  /** Good rows that are written, or would be if there were room. */
  get fresh(): number {
    return this.accepted - this.repeated;
  }

  /**
   * Another request begins.
   * @param known of its accepted rows, those that are not to be written again
   */
  begin(request: RequestKey | null, known: RowRanges): void {
    this.#request = request;
    this.#known = known;
    this.accepted = 0;
    this.repeated = 0;
    this.slots = 0;
    this.isFull = false;
  }

  /** Writes the rows of a table that are not bad. */
  add(table: PushTable, nowMs: number): void {
    if (this.#known.length === 0) this.#write(table, nowMs);
    else this.#addMissing(table, nowMs);
  }

  /** Shows all of them to the lane's stages, and counts what was refused beside them. */
  publish(reasons: Parameters<Door["publish"]>[0]): void {
    this.#door.publish(reasons);
    this.#claimed = [];
  }

  /** Gives all of them back, with nothing left in them. */
  abandon(): void {
    const { wipe } = kernelsOf(this.#context);
    for (const slot of this.#claimed) wipe(slot, this.#slotBytes);
    this.#claimed = [];
    this.#door.abandon();
  }

  #write(table: PushTable, nowMs: number): void {
    for (const part of this.#writer.parts(table, this.#slotBytes)) {
      this.accepted += part.rows;
      this.slots++;
      if (this.isFull) continue;
      const claimed = this.#door.tryClaim(part.rows);
      if (claimed === undefined) {
        this.isFull = true;
        this.abandon();
        continue;
      }
      const { slot, firstSequence } = claimed;
      this.#claimed.push(slot);
      const batch = this.#writer.write(table, part, slot, this.#slotBytes, firstSequence, nowMs);
      if (this.#request === null) continue;
      batch.setOrigin({ ...this.#request, firstRow: this.accepted - part.rows });
    }
  }

  /** A batch's rows follow each other in the request, so each run of missing ones is written by itself. */
  #addMissing(table: PushTable, nowMs: number): void {
    const { rows } = table;
    const bad = table.bad.slice(0, rows);
    for (let row = 0; row < rows; ) {
      const isKnown = hasRow(this.#known, this.accepted);
      const edge = nextEdge(this.#known, this.accepted);
      const from = row;
      let count = 0;
      for (; row < rows && this.accepted + count < edge; row++) if (bad[row] === 0) count++;
      if (isKnown) {
        this.accepted += count;
        this.repeated += count;
      } else {
        table.bad.fill(1, 0, rows);
        table.bad.set(bad.subarray(from, row), from);
        this.#write(table, nowMs);
      }
    }
    table.bad.set(bad);
  }
}
