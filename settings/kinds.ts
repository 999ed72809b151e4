/** What settings of several sections are made of. */

import { z } from "zod";
import type { Dataset } from "../datasets/define.ts";
import { datasets } from "../datasets/index.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** A part of a whole, from 0 to 1. */
export const share = (preset: number) => z.number().min(0).max(1).default(preset);

/** A setting for each dataset, by its name. */
export function eachDataset<Setting extends z.ZodType>(
  setting: (dataset: Dataset) => Setting,
  of = datasets,
) {
  return z.object(Object.fromEntries(of.map((dataset) => [dataset.name, setting(dataset)])));
}
