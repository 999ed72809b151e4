/**
 * Runs benches by name: `bun run bench hash sketch`, `deno run -A bench/run.ts hash`; all of them without a name.
 * With `--json`, standard output carries one object a case and nothing else. `soak` is by itself: it takes minutes or hours.
 */

import { describeHost, type MeasuredCase, measureSuite } from "./harness.ts";
import { describeMarked, type MarkedCase } from "./marked.ts";

/** A case against peers, or one against a mark. */
type Reported = MeasuredCase | MarkedCase;

/** Measures its cases one after the other, and reports each as soon as it is done. */
type Bench = (report: (measured: Reported) => void) => Promise<void>;

/** Every bench, loaded when it is asked for. To add one: a file beside this one, and a line here. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  idle: async () => (await import("./idle.ts")).benchIdle,
  latency: async () => (await import("./latency.ts")).benchLatency,
  stream: async () => (await import("./stream.ts")).benchStream,
  storage: async () => (await import("./storage.ts")).benchStorage,
  export: async () => (await import("./export.ts")).benchExport,
  "export-memory": async () => (await import("./export-memory.ts")).benchExportMemory,
  window: async () => (await import("./window.ts")).benchWindow,
  ingest: async () => (await import("./ingest.ts")).benchIngest,
  hash: async () => measureSuite(await (await import("./hash.ts")).suite()),
  ring: async () => {
    const { benchRing } = await import("./ring.ts");
    return (report) => benchRing(({ spread, ...result }) => report({ result, spread }));
  },
  aggregate: async () => (await import("./aggregate.ts")).benchAggregate,
  sketch: async () => measureSuite(await (await import("./sketch.ts")).suite()),
};

async function main(words: readonly string[]): Promise<number> {
  if (words[0] === "soak") return (await import("./soak.ts")).soak(words.slice(1));
  const json = words.includes("--json");
  const names = words.filter((word) => word !== "--json");
  const unknown = names.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) {
    console.error(
      `bench: expected one of ${Object.keys(BENCHES).join(", ")}, soak or --json, got "${unknown}"`,
    );
    return 2;
  }
  if (!json) console.log(describeHost());
  for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
    const bench = await BENCHES[name]!();
    await bench((measured) => console.log(json ? JSON.stringify(measured.result) : describe(measured)));
  }
  return 0;
}

function describe(measured: Reported): string {
  return "mark" in measured ? describeMarked(measured) : describeMeasured(measured);
}

function describeMeasured({ result, payload, spread }: MeasuredCase): string {
  const line = (name: string, value: number, [low, high]: readonly [number, number]) =>
    `    ${name.padEnd(28)} ${String(value).padStart(8)}   (${low} to ${high})`;
  return [
    `\n${result.bench}: ${result.case}, ${result.unit}: ${result.ratio} × the best peer`,
    ...(payload === undefined ? [] : [`  ${payload}`]),
    ...Object.entries({ ours: result.ours, ...result.peers }).map(([name, value]) =>
      line(name, value, spread[name] ?? [value, value]),
    ),
  ].join("\n");
}

process.exitCode = await main(process.argv.slice(2));
