/** `millrace store …`: what the store holds, whether it is what it should be, and compacting it now. */

import { statSync } from "node:fs";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import type { DatasetStats, StoreStats } from "../actors/store/stats.ts";
import { openStoreSource } from "../actors/store/store-source.ts";
import { stepVerify, type VerifyReport } from "../actors/store/verify.ts";
import { lockFolder } from "../runtime/folder-lock.ts";
import { onStopSignal } from "../runtime/platform/index.ts";
import type { Command, CommandGroup } from "./command.ts";
import { printOut } from "./console.ts";
import { CommandEnd, FAILED, INTERRUPTED, refusalEnd, usageError } from "./exit-codes.ts";
import { bytesText, countText } from "./figures.ts";
import { openStore, readSettings, STORE_ARGS } from "./open-store.ts";
import { ProgressLine } from "./progress-line.ts";
import { type TableColumn, tableLines } from "./text-table.ts";

const JSON_ARG = { json: { type: "boolean", description: "Print it as JSON" } } as const;

const stats: Command = {
  name: "stats",
  description: "Shows rows, bytes and bytes a minute of each dataset",
  args: { ...JSON_ARG, ...STORE_ARGS },
  examples: ["millrace store stats", "millrace store stats --data /var/lib/millrace --json"],
  async run(given) {
    const { client } = openStore(given);
    try {
      const answer = await client.stats();
      if (!answer.ok) throw refusalEnd(answer);
      const text = given.flag("json") ? JSON.stringify(answer.stats, undefined, 2) : statsText(answer.stats);
      await printOut(`${text}\n`);
    } finally {
      await client.close();
    }
  },
};

const verify: Command = {
  name: "verify",
  description: "Reads all of a stopped Millrace's store and says what is wrong with it, and where",
  args: { ...JSON_ARG, data: STORE_ARGS.data },
  examples: ["millrace store verify", "millrace store verify --data /var/lib/millrace"],
  async run(given) {
    const report = await verifyFolder(readSettings(given).data.dir);
    await printOut(`${given.flag("json") ? JSON.stringify(report, undefined, 2) : reportText(report)}\n`);
    if (!report.ok) throw new CommandEnd(FAILED, "");
  },
};

const compact: Command = {
  name: "compact",
  description: "Has a running Millrace compact now what is due",
  args: {
    all: { type: "boolean", description: "Also hours that are not over yet" },
    ...JSON_ARG,
    ...STORE_ARGS,
  },
  examples: ["millrace store compact", "millrace store compact --all"],
  async run(given) {
    const opened = openStore(given);
    try {
      if (opened.kind === "folder") {
        const remedy = "start Millrace, which compacts by itself, or name one that runs with --url";
        throw new CommandEnd(FAILED, `the store in ${opened.dataFolder} is a stopped Millrace's: ${remedy}`);
      }
      const done = await opened.client.compact({ all: given.flag("all") });
      if (!done.ok) throw refusalEnd(done);
      const { files, rows } = done;
      const text = `${countText(rows)} rows were compacted into ${countText(files)} files`;
      await printOut(`${given.flag("json") ? JSON.stringify({ files, rows }) : text}\n`);
    } finally {
      await opened.client.close();
    }
  },
};

export const storeCommands: CommandGroup = {
  name: "store",
  description: "Looks at what is stored, and after it",
  commands: [stats, verify, compact],
};

const STATS_COLUMNS: readonly (TableColumn & { readonly of: (stats: DatasetStats) => string })[] = [
  { title: "dataset", isNumber: false, of: ({ dataset }) => dataset },
  { title: "rows", isNumber: true, of: ({ rows }) => countText(rows) },
  { title: "lake", isNumber: true, of: ({ lakeBytes }) => bytesText(lakeBytes) },
  { title: "files", isNumber: true, of: ({ lakeFiles }) => countText(lakeFiles) },
  { title: "log", isNumber: true, of: ({ logBytes }) => bytesText(logBytes) },
  { title: "bytes/min", isNumber: true, of: ({ bytesPerMinute }) => paceText(bytesPerMinute) },
  { title: "first", isNumber: false, of: ({ firstMs }) => momentText(firstMs) },
  { title: "last", isNumber: false, of: ({ lastMs }) => momentText(lastMs) },
];

function statsText({ datasets, totalBytes, bytesPerMinute, segments }: StoreStats): string {
  const sum = (of: (stats: DatasetStats) => number) => datasets.reduce((total, each) => total + of(each), 0);
  const total = [
    "total",
    countText(sum(({ rows }) => rows)),
    bytesText(sum(({ lakeBytes }) => lakeBytes)),
    countText(sum(({ lakeFiles }) => lakeFiles)),
    bytesText(sum(({ logBytes }) => logBytes)),
    paceText(bytesPerMinute),
  ];
  const rows = datasets.map((each) => STATS_COLUMNS.map(({ of }) => of(each)));
  const gone = datasets
    .filter(({ expired, thinned }) => expired + thinned > 0)
    .map(({ dataset, expired, thinned }) => {
      return `${dataset}: ${countText(expired)} rows expired, ${countText(thinned)} left out when compacted`;
    });
  const segmentText = `${segments} segment${segments === 1 ? "" : "s"} of the log`;
  return [
    ...tableLines(STATS_COLUMNS, [...rows, total]),
    "",
    `${bytesText(totalBytes)} on the disk, ${segmentText}`,
    ...gone,
  ].join("\n");
}

function paceText(bytesPerMinute: number | null): string {
  return bytesPerMinute === null ? "–" : bytesPerMinute.toFixed(1);
}

function momentText(ms: number | null): string {
  return ms === null ? "–" : new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Locks the folder itself: what is damaged may be beyond opening. */
async function verifyFolder(dataFolder: string): Promise<VerifyReport> {
  if (statSync(dataFolder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw usageError(
      `there is no store in ${dataFolder}; give the folder that Millrace keeps its data in (--data)`,
    );
  }
  const lock = lockStore(dataFolder);
  const line = new ProgressLine(process.stderr);
  let isAsked = false;
  const offSignal = onStopSignal(() => {
    isAsked = true;
  });
  try {
    const steps = stepVerify(openStoreSource(dataFolder));
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      const { doneBytes, totalBytes, where } = step.value;
      line.show(doneBytes / totalBytes, "verifying", `${bytesText(doneBytes)}  ${where}`);
      await setImmediate();
      if (isAsked) throw new CommandEnd(INTERRUPTED, "verifying was ended before all was read");
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof CommandEnd || typeof code !== "string") throw error;
    throw new CommandEnd(
      FAILED,
      `the store in ${dataFolder} cannot be read (${code}); look at its modes, and at the disk`,
    );
  } finally {
    line.clear();
    offSignal();
    lock.release();
  }
}

function lockStore(dataFolder: string) {
  try {
    const locked = lockFolder(dataFolder);
    if (locked.ok) return locked.lock;
    const remedy = "a store that is written to cannot be verified; end that process first";
    throw new CommandEnd(FAILED, `the store in ${dataFolder} is in use by ${locked.owner}: ${remedy}`);
  } catch (error) {
    if (error instanceof CommandEnd) throw error;
    const { code = "no lock can be had" } = error as NodeJS.ErrnoException;
    throw new CommandEnd(
      FAILED,
      `the store in ${dataFolder} cannot be used (${code}); make the folder writable`,
    );
  }
}

function reportText({ ok, segments, frames, files, rows, problems, notes }: VerifyReport): string {
  const some = (count: number, what: string) => `${countText(count)} ${what}${count === 1 ? "" : "s"}`;
  const read = `${some(rows, "row")} in ${some(segments, "segment")} (${some(frames, "frame")}) and ${some(files, "file")}`;
  return [
    ...problems.map(({ where, what, remedy }) => `${where}: ${what}; ${remedy}`),
    ...notes.map(({ where, what }) => `note: ${where}: ${what}`),
    ok ? `good: ${read}` : `not good: ${problems.length} problems; ${read}`,
  ].join("\n");
}
