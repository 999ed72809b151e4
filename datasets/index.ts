/** Every dataset there is. To add one, declare it in a file of its own and list it here. */

import { compressionTelemetry } from "./compression-telemetry.ts";
import type { Dataset } from "./define.ts";
import { memory } from "./memory.ts";
import { optimization } from "./optimization.ts";
import { process } from "./process.ts";
import { windowsOf } from "./windows.ts";

/** Datasets whose rows come from outside: sampled or pushed. Only these can hold identifiers. */
export const sourceDatasets: readonly Dataset[] = [memory, process, optimization, compressionTelemetry];

/** Those of them that other programs may push. */
export const pushedDatasets: readonly Dataset[] = sourceDatasets.filter(({ pushed }) => pushed === true);

/** Datasets that are made from those: their windows. */
export const derivedDatasets: readonly Dataset[] = sourceDatasets.flatMap(windowsOf);

export const datasets: readonly Dataset[] = [...sourceDatasets, ...derivedDatasets];

const byName = new Map(datasets.map((dataset) => [dataset.name, dataset]));

/** The dataset of that name, or undefined. */
export function datasetNamed(name: string): Dataset | undefined {
  return byName.get(name);
}
