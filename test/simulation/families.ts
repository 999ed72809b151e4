/** The datasets of the simulation: small ones with short windows, of which some hundred rows close many. */

import { type Dataset, defineDataset } from "../../datasets/define.ts";
import type { WindowSpec } from "../../datasets/spec.ts";
import { windowsOf } from "../../datasets/windows.ts";

/** Datasets that one run is of. */
export interface Family {
  readonly name: string;
  readonly sources: readonly Dataset[];
  readonly derived: readonly Dataset[];
  readonly all: readonly Dataset[];
}

const SOURCE_BATCH_ROWS = 16;
/** So few that a window takes several batches. */
const WINDOW_BATCH_ROWS = 8;

const TUMBLING = {
  ...{ kind: "figures", label: "tumbling", groupBy: "host_hash", measures: ["level", "load"] },
  shape: { kind: "tumbling", lengthMs: 2000 },
} as const satisfies WindowSpec;
const HOPPING = {
  ...{ kind: "figures", label: "hopping", measures: ["level", "load"] },
  shape: { kind: "hopping", lengthMs: 3000, everyMs: 1000 },
} as const satisfies WindowSpec;
const SESSIONS = {
  ...{ kind: "figures", label: "sessions", groupBy: "host_hash", measures: ["load"] },
  shape: { kind: "session", gapMs: 1500 },
} as const satisfies WindowSpec;
const SLIDING = {
  ...{ kind: "figures", label: "sliding", groupBy: "kind", measures: ["level"] },
  shape: { kind: "sliding", lengthMs: 2500 },
} as const satisfies WindowSpec;
const DISTINCT = {
  ...{ kind: "distinct", label: "distinct", groupBy: "kind", of: ["host_hash", "load"] },
  shape: { kind: "tumbling", lengthMs: 5000 },
} as const satisfies WindowSpec;
const TOP = {
  ...{ kind: "top", label: "top", item: "host_hash", weight: "load", count: 3 },
  shape: { kind: "tumbling", lengthMs: 4000 },
} as const satisfies WindowSpec;

export const FAMILIES: readonly Family[] = [
  family("panes", [source("walk", [TUMBLING, HOPPING])]),
  family("sessions", [source("walk", [SESSIONS])]),
  family("sliding", [source("walk", [SLIDING])]),
  family("counts", [source("walk", [DISTINCT, TOP])]),
  family("two", [source("walk", [TUMBLING]), source("run", [HOPPING, SESSIONS])]),
  family("all", [source("walk", [TUMBLING, HOPPING, SESSIONS, SLIDING, DISTINCT, TOP])]),
];

function source(name: string, windows: readonly WindowSpec[]): Dataset {
  return defineDataset({
    name,
    title: "Rows of a simulation",
    time: "at",
    batchRows: SOURCE_BATCH_ROWS,
    slots: 4,
    windows,
    columns: {
      at: { class: "moment", type: "timestamp", meaning: "When." },
      host: {
        class: "identifier",
        type: "utf8",
        kind: "simulated-host",
        as: "host_hash",
        maxBytes: 8,
        meaning: "Who.",
      },
      kind: { class: "category", values: ["calm", "brisk", "wild"], type: "category", meaning: "How." },
      number: { class: "measure", type: "u32", unit: "1", meaning: "Which row it is." },
      level: { class: "measure", type: "f64", unit: "1", nullable: true, meaning: "Any number." },
      load: { class: "measure", type: "f32", unit: "1", min: 0, meaning: "How much." },
    },
  });
}

function family(name: string, sources: readonly Dataset[]): Family {
  const derived = sources.flatMap((dataset) =>
    windowsOf(dataset).map((windows) => defineDataset({ ...windows, batchRows: WINDOW_BATCH_ROWS })),
  );
  return { name, sources, derived, all: [...sources, ...derived] };
}
