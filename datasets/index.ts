/** Every dataset there is. To add one, declare it in a file of its own and list it here. */

import type { Dataset } from "./define.ts";
import { memory } from "./memory.ts";
import { optimization } from "./optimization.ts";
import { process } from "./process.ts";
import { windowsOf } from "./windows.ts";

/** Datasets whose rows come from outside: sampled or pushed. Only these can hold identifiers. */
export const sourceDatasets: readonly Dataset[] = [memory, process, optimization];

/** Datasets that are made from those: their windows. */
export const derivedDatasets: readonly Dataset[] = sourceDatasets.flatMap(windowsOf);

export const datasets: readonly Dataset[] = [...sourceDatasets, ...derivedDatasets];

const byName = new Map(datasets.map((dataset) => [dataset.name, dataset]));

/** The dataset of that name, or undefined. */
export function datasetNamed(name: string): Dataset | undefined {
  return byName.get(name);
}
