import type { Context } from "hono";
import type { ControlDeps } from "./control.ts";
import { echo, problem } from "./problem.ts";

/** The 404 of a dataset that is not there: it lists those that are. */
export function unknownDataset(c: Context, deps: ControlDeps, came: string, more: readonly string[] = []) {
  const datasets = [...deps.datasets.map(({ name }) => name), ...more];
  const detail = `expected one of ${datasets.join(", ")}; came ${echo(came)}`;
  return problem(c, "unknown-dataset", { detail, more: { datasets } });
}
