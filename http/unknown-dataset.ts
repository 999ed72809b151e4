import type { Context } from "hono";
import { nearestName } from "../runtime/config/nearest.ts";
import type { ControlDeps } from "./control.ts";
import { echo, problem } from "./problem.ts";

export interface UnknownDatasetOptions {
  /** Further names that may be given. */
  readonly more?: readonly string[];
  /** What is to be said of the name that came. Default: the one that is nearest. */
  readonly note?: string | undefined;
}

/** The 404 of a dataset that is not there: it lists those that are. */
export function unknownDataset(
  c: Context,
  deps: ControlDeps,
  came: string,
  { more = [], note }: UnknownDatasetOptions = {},
) {
  const datasets = [...deps.datasets.map(({ name }) => name), ...more];
  const near = nearestName(came, datasets);
  const said = note ?? (near === undefined ? "" : `; did you mean ${near}?`);
  const detail = `expected one of ${datasets.join(", ")}; came ${echo(came)}${said}`;
  return problem(c, "unknown-dataset", { detail, more: { datasets } });
}
