/**
 * Counters and gauges in shared memory: any thread bumps them without a message, the main thread reads them when asked.
 *
 * A layout is declared once, is plain data, and is the same in every thread. There are two kinds of cell, both 8 bytes:
 *
 * - one writer (`writer: "recorder"`): a double, plainly loaded, added to and stored. Cheap enough for a per-batch path
 *   (measured: 4 to 11 ns an add). Two threads adding to one such cell lose counts: the named actor alone may write. Fractions are allowed.
 * - many writers (no `writer`): a 64-bit integer, added to with one atomic operation, which takes a BigInt (measured:
 *   35 to 80 ns an add). Whole numbers only. For what several threads bump: rejected requests, restarts, drops.
 *
 * Cells of one writer lie together, and apart from everybody else's by a pair of cache lines, so that no writer slows another.
 * A reader may see a value a moment old. A double is written by one 64-bit store on the processors both runtimes support;
 * the language does not promise it, so a cell is never more than a metric. Values outlive the actor that wrote them:
 * binding clears nothing, so counters go on after a restart.
 */
import { CACHE_PAIR_BYTES } from "../arena.ts";

const cellBytes = 8;

/** Base units as Prometheus names them; the name gets the unit as its ending. */
export type MetricUnit = "seconds" | "bytes" | "ratio";

export interface MetricDefinition<Name extends string = string> {
  /** snake_case without prefix, unit and `_total`, which are added: "rows_stored". */
  readonly name: Name;
  /** One line for people. Every series of one name says the same. */
  readonly help: string;
  readonly type: "counter" | "gauge";
  /** One definition a series. Every series of one name has the same label names. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly unit?: MetricUnit;
  /** The one actor that writes this cell. Left out: any thread may. */
  readonly writer?: string;
}

export interface MetricCell extends MetricDefinition {
  /** From the start of the region; a multiple of 8. */
  readonly byteOffset: number;
}

/** Plain data: it may be posted to any thread. */
export interface MetricLayout<Name extends string = string> {
  readonly byteLength: number;
  readonly cells: readonly MetricCell[];
  /** Only for the type: which names there are. */
  readonly names: readonly Name[];
}

declare const metricIdBrand: unique symbol;
/** Index of a cell in its layout. Look it up once, outside of the hot path. */
export type MetricId = number & { readonly [metricIdBrand]: true };

/** A layout bound to its memory in one thread. */
export interface MetricCells {
  readonly layout: MetricLayout;
  /**
   * Adds `delta`; a counter takes none below 0.
   * @throws RangeError for a counter that would go back, and for a fraction in a cell of many writers
   */
  add(id: MetricId, delta: number): void;
  /** Replaces a gauge's value. @throws TypeError for a counter: it only grows. */
  set(id: MetricId, value: number): void;
  read(id: MetricId): number;
}

/**
 * Lays the cells out. @throws TypeError for names, labels or help that Prometheus could not show, and for a series twice.
 */
export function defineMetrics<const Name extends string>(
  definitions: readonly MetricDefinition<Name>[],
): MetricLayout<Name> {
  checkDefinitions(definitions);
  const writers = [...new Set(definitions.map(({ writer }) => writer))];
  const offsets = new Map<MetricDefinition, number>();
  let next = 0;
  for (const writer of writers) {
    next = Math.ceil(next / CACHE_PAIR_BYTES) * CACHE_PAIR_BYTES;
    for (const definition of definitions) {
      if (definition.writer !== writer) continue;
      offsets.set(definition, next);
      next += cellBytes;
    }
  }
  return {
    byteLength: Math.ceil(next / CACHE_PAIR_BYTES) * CACHE_PAIR_BYTES,
    cells: definitions.map((definition) => ({ ...definition, byteOffset: offsets.get(definition)! })),
    names: [...new Set(definitions.map(({ name }) => name))],
  };
}

/** The id of a series. @throws RangeError when the layout has no such series: a bug. */
export function metricId<Name extends string>(
  layout: MetricLayout<Name>,
  name: NoInfer<Name>,
  labels: Readonly<Record<string, string>> = {},
): MetricId {
  const wanted = seriesKey(name, labels);
  const index = layout.cells.findIndex((cell) => seriesKey(cell.name, cell.labels) === wanted);
  if (index < 0) {
    const known = layout.cells.map((cell) => seriesKey(cell.name, cell.labels)).join(" ");
    throw new RangeError(`expected a declared metric; came ${wanted}; declared are ${known}`);
  }
  return index as MetricId;
}

/**
 * Binds a layout to its region, `byteOffset` bytes into `memory`. The region starts zeroed and is not cleared here.
 * @throws RangeError for an offset that is no multiple of 128 or a region that ends beyond the memory
 */
export function bindMetrics(
  memory: WebAssembly.Memory | SharedArrayBuffer,
  byteOffset: number,
  layout: MetricLayout,
): MetricCells {
  const buffer: ArrayBufferLike = memory instanceof SharedArrayBuffer ? memory : memory.buffer;
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset % CACHE_PAIR_BYTES !== 0) {
    throw new RangeError(`metric cells start at a multiple of ${CACHE_PAIR_BYTES}; came ${byteOffset}`);
  }
  if (byteOffset + layout.byteLength > buffer.byteLength) {
    throw new RangeError(
      `metric cells take ${layout.byteLength} bytes from ${byteOffset} on; the memory ends at ${buffer.byteLength}`,
    );
  }
  const length = layout.byteLength / cellBytes;
  const doubles = new Float64Array(buffer, byteOffset, length);
  const integers = new BigInt64Array(buffer, byteOffset, length);
  const index = Uint32Array.from(layout.cells, (cell) => cell.byteOffset / cellBytes);
  const shared = layout.cells.map((cell) => cell.writer === undefined);
  const counts = layout.cells.map((cell) => cell.type === "counter");

  return {
    layout,
    add(id, delta) {
      if (counts[id] && !(delta >= 0))
        throw new RangeError(`counter ${nameOf(layout, id)} cannot add ${delta}`);
      const at = index[id]!;
      // Publishes nothing but the count itself; no other memory is ordered by it.
      if (shared[id]) Atomics.add(integers, at, whole(layout, id, delta));
      else doubles[at] = doubles[at]! + delta;
    },
    set(id, value) {
      if (counts[id]) throw new TypeError(`counter ${nameOf(layout, id)} only grows: add to it`);
      const at = index[id]!;
      if (shared[id]) Atomics.store(integers, at, whole(layout, id, value));
      else doubles[at] = value;
    },
    read(id) {
      const at = index[id]!;
      return shared[id] ? Number(Atomics.load(integers, at)) : doubles[at]!;
    },
  };
}

/** One text for one series: `rows{lane="memory"}`, labels in the order of their names. */
export function seriesKey(name: string, labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((label) => `${label}=${JSON.stringify(labels[label])}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

/** @throws TypeError for the first definition that could not be shown, or that does not fit the others of its name. */
export function checkDefinitions(definitions: readonly MetricDefinition[]): void {
  const first = new Map<string, MetricDefinition>();
  const series = new Set<string>();
  for (const definition of definitions) {
    const { name, help, type, labels = {}, unit } = definition;
    if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new TypeError(`metric "${name}": a name is snake_case`);
    if (/_total$/.test(name) || (unit !== undefined && name.endsWith(`_${unit}`))) {
      throw new TypeError(`metric ${name}: _total and the unit are added, leave them out`);
    }
    if (help.trim() === "") throw new TypeError(`metric ${name}: help is missing`);
    for (const label of Object.keys(labels)) {
      if (!/^[a-z][a-z0-9_]*$/.test(label))
        throw new TypeError(`metric ${name}: label "${label}" is not snake_case`);
    }
    const other = first.get(name) ?? definition;
    first.set(name, other);
    const labelNames = (of: MetricDefinition) =>
      Object.keys(of.labels ?? {})
        .sort()
        .join();
    if (
      other.help !== help ||
      other.type !== type ||
      other.unit !== unit ||
      labelNames(other) !== labelNames(definition)
    ) {
      throw new TypeError(`metric ${name}: every series has the same help, type, unit and label names`);
    }
    const key = seriesKey(name, labels);
    if (series.has(key)) throw new TypeError(`metric ${key} is declared twice`);
    series.add(key);
  }
}

function whole(layout: MetricLayout, id: MetricId, value: number): bigint {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`${nameOf(layout, id)} has many writers and so takes whole numbers; came ${value}`);
  }
  return BigInt(value);
}

function nameOf(layout: MetricLayout, id: MetricId): string {
  const cell = layout.cells[id];
  return cell === undefined ? `#${id}` : seriesKey(cell.name, cell.labels);
}
