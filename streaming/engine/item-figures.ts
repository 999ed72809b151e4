/** Figures that count items: one whose measures are all missing is still in its window. */

import { Figures } from "../../windowing/figures.ts";
import { type MeasureFigures, orNull } from "./window-result.ts";

export class ItemFigures extends Figures {
  /** Missing values are NaN, so each item counts in the first measure, one way or the other. */
  items(record: number): number {
    return this.count(record, 0) + this.nanCount(record, 0);
  }

  override isEmpty(record: number): boolean {
    return this.items(record) === 0;
  }

  figures(record: number, measure: number, seconds: number): MeasureFigures {
    const count = this.count(record, measure);
    const variance = this.variance(record, measure);
    return {
      count,
      sum: this.sum(record, measure),
      mean: orNull(this.mean(record, measure)),
      variance: orNull(variance),
      stddev: orNull(Math.sqrt(variance)),
      min: orNull(this.min(record, measure)),
      max: orNull(this.max(record, measure)),
      p50: orNull(this.quantile(record, measure, 0.5)),
      p90: orNull(this.quantile(record, measure, 0.9)),
      p95: orNull(this.quantile(record, measure, 0.95)),
      p99: orNull(this.quantile(record, measure, 0.99)),
      rate: count / seconds,
    };
  }
}
