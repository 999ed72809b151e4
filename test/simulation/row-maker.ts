/** Rows as sources make them: mostly in order, some late, some doubled in time, few from the future. */

import type { Draw } from "./random.ts";
import type { Scenario } from "./scenario.ts";

const HOSTS = ["a", "b", "c", "d", "e", "f", "g"];
const EDGE_MS = 500;
const KINDS = ["calm", "brisk", "wild"];

export interface MadeRows {
  readonly dataset: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** What `number` says in each. */
  readonly numbers: readonly number[];
}

export class RowMaker {
  readonly #scenario: Scenario;
  readonly #draw: Draw;
  #number = 0;
  #latestMs = 0;

  constructor(scenario: Scenario, draw: Draw) {
    this.#scenario = scenario;
    this.#draw = draw;
  }

  make(nowMs: number): MadeRows {
    const draw = this.#draw;
    const dataset = draw.of(this.#scenario.family.sources).name;
    const numbers = Array.from({ length: draw.int(1, draw.of([1, 4, 12, 40])) }, () => ++this.#number);
    const rows = numbers.map((number) => ({
      at: this.#time(nowMs),
      host: draw.of(HOSTS),
      kind: draw.of(KINDS),
      number,
      level: draw.chance(0.1) ? null : Math.round((draw.random() - 0.3) * 1e6) / 1000,
      load: draw.int(0, 100) / 4,
    }));
    return { dataset, rows, numbers };
  }

  /** One row of now, into which nothing is late. */
  last(dataset: string, nowMs: number): MadeRows {
    const number = ++this.#number;
    const row = { at: nowMs, host: HOSTS[0], kind: KINDS[0], number, level: null, load: 0 };
    return { dataset, rows: [row], numbers: [number] };
  }

  #time(nowMs: number): number {
    const { disorderMs, latenessMs, aheadMs } = this.#scenario;
    const draw = this.#draw;
    const chance = draw.random();
    if (chance < 0.1 && this.#latestMs > 0) return this.#latestMs;
    let ms = nowMs - draw.int(0, disorderMs);
    if (chance > 0.995) ms = nowMs + aheadMs + draw.int(1, 86_400_000);
    else if (chance > 0.99) ms = nowMs - draw.int(0, 4 * 3_600_000);
    else if (chance > 0.95) ms = nowMs - disorderMs - draw.int(0, 2 * latenessMs + 10_000);
    else if (chance > 0.93) ms = nowMs + draw.int(0, aheadMs);
    // At the edges of windows and of what is late, where a millisecond decides.
    if (draw.chance(0.2)) ms = Math.floor(ms / EDGE_MS) * EDGE_MS;
    this.#latestMs = ms;
    return ms;
  }
}
