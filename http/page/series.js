// Values over time, for a chart: in the order of their times, one point a time, a hole where none came.

/** A hole is where the next point came later than so many intervals that are usual before it, and behind it. */
const HOLE = 2.6;
/** So many intervals say what is usual: how often is sampled may be changed while it runs. */
const NEIGHBOURS = 9;

export class Series {
  #keepMs;
  #times = [];
  #rows = [];

  /** @param keepMs how far back points are kept, from the latest */
  constructor(keepMs) {
    this.#keepMs = keepMs;
  }

  get lastMs() {
    return this.#times.at(-1);
  }

  get last() {
    return this.#rows.at(-1);
  }

  get firstMs() {
    return this.#times[0];
  }

  /** Puts a point in; one of the same time is replaced. */
  add(timeMs, values) {
    let at = this.#times.length;
    while (at > 0 && this.#times[at - 1] > timeMs) at--;
    if (this.#times[at - 1] === timeMs) {
      this.#rows[at - 1] = values;
      return;
    }
    this.#times.splice(at, 0, timeMs);
    this.#rows.splice(at, 0, values);
    this.#forget();
  }

  /** Puts many in: `[timeMs, values]`. Those that are there stay as they are. */
  merge(points) {
    const all = new Map(points);
    for (const [index, timeMs] of this.#times.entries()) all.set(timeMs, this.#rows[index]);
    const sorted = [...all].sort(([a], [b]) => a - b);
    this.#times = sorted.map(([timeMs]) => timeMs);
    this.#rows = sorted.map(([, values]) => values);
    this.#forget();
  }

  /** The usual time between two points: the median of the latest; undefined before there are three. */
  intervalMs() {
    return this.#times.length < 3 ? undefined : usualStep(this.#times, this.#times.length - 1);
  }

  isHole(fromMs, toMs) {
    const usual = this.intervalMs();
    return usual !== undefined && toMs - fromMs > HOLE * usual;
  }

  /** As uPlot has it: an array of times, and one of values for each column; null in a hole. */
  columns(count, fromMs) {
    const all = Array.from({ length: count + 1 }, () => []);
    let before;
    for (const [index, timeMs] of this.#times.entries()) {
      if (timeMs < fromMs && (this.#times[index + 1] ?? timeMs) < fromMs) continue;
      if (before !== undefined && this.#isHoleBefore(index)) {
        all[0].push((before + timeMs) / 2);
        for (let column = 0; column < count; column++) all[column + 1].push(null);
      }
      all[0].push(timeMs);
      for (let column = 0; column < count; column++) all[column + 1].push(this.#rows[index][column] ?? null);
      before = timeMs;
    }
    return all;
  }

  #isHoleBefore(index) {
    const at = (other) => this.#times[other] ?? Number.NaN;
    const step = at(index) - at(index - 1);
    // Nearly all are as long as the one before or behind: those need no median.
    const usual = [at(index - 1) - at(index - 2), at(index + 1) - at(index)].filter((near) => near > 0);
    if (usual.length > 0 && usual.every((near) => step <= HOLE * near)) return false;
    const earlier = usualStep(this.#times, index - 1) ?? 0;
    if (step <= HOLE * earlier) return false;
    const later = usualStep(this.#times, Math.min(index + NEIGHBOURS, this.#times.length - 1), index);
    return earlier === 0 ? later !== undefined && step > HOLE * later : !(step <= HOLE * (later ?? 0));
  }

  #forget() {
    const oldestMs = this.#times.at(-1) - this.#keepMs;
    const gone = this.#times.findIndex((timeMs) => timeMs >= oldestMs);
    if (gone <= 0) return;
    this.#times.splice(0, gone);
    this.#rows.splice(0, gone);
  }
}

/** The median of the steps that end at `last`, at most NEIGHBOURS of them and none from before `first`; undefined: there is none. */
function usualStep(times, last, first = 0) {
  const steps = [];
  for (let at = last; at > Math.max(first, last - NEIGHBOURS); at--) steps.push(times[at] - times[at - 1]);
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)];
}
