/** What the OpenAPI document calls things: families of operations, operations, paths. */

import type { RouteSpec } from "./route.ts";

/** Families, in the order they are listed in. */
export const TAGS: Readonly<Record<string, string | undefined>> = {
  health: "Whether it is well, and its metrics.",
  datasets: "What is collected.",
  streams: "Rows as they come.",
  outlets: "Streams that are pushed: TCP, named pipes, ZeroMQ.",
  exports: "Stored rows as files.",
  ingest: "Rows of other programs, taken in.",
  query: "SQL over what is stored.",
  pipeline: "Statistics of values that other programs send, over the last minutes. Its names are snake_case.",
  store: "What lies on the disk, and where every row has gone.",
  actors: "The parts of the process: their states and figures, and commands to them.",
  config: "Settings, read and changed.",
  access: "Who asks, and what they may do.",
  page: "Pages for people, and this description.",
};

const PART = /:([A-Za-z]+)(?:\{(?:[^{}]|\{[^{}]*\})*\})?/g;

/** A path of Hono's as OpenAPI has it: `/v1/datasets/:name` is `/v1/datasets/{name}`. */
export function patternOf(path: string): string {
  return path.replace(PART, "{$1}");
}

/** The names of the parts of a path that vary. */
export function pathParts(path: string): readonly string[] {
  return [...path.matchAll(PART)].map(([, name = ""]) => name);
}

/** `GET /v1/datasets/:name` is `getDatasetsByName`. */
export function operationId({ method, path }: Pick<RouteSpec, "method" | "path">): string {
  const words = path
    .replace(/^\/v1\//, "/")
    .replace(PART, "by-$1")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "");
  const named = words.length === 0 ? ["root"] : words;
  return method + named.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}
