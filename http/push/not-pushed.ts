/** The 404 of a dataset that nobody can push: there is none of the name, or its rows are made here. */

import type { Dataset } from "../../datasets/define.ts";
import type { ControlDeps } from "../control.ts";
import type { RequestContext } from "../route.ts";
import { unknownDataset } from "../unknown-dataset.ts";

export function notPushed(c: RequestContext, deps: ControlDeps, pushed: readonly Dataset[]): Response {
  const name = c.req.param("dataset") ?? "";
  const isMadeHere = deps.datasets.some((dataset) => dataset.name === name);
  const note = isMadeHere ? ", whose rows are made here: it cannot be pushed" : undefined;
  return unknownDataset(c, { ...deps, datasets: pushed }, name, { note });
}
