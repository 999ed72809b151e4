// Samples of the host's processes, summed up by program: each sample is all rows of one moment. Rows come one by one, and from
// what is stored; a moment that came live is not put together with what is stored of it.

const KEEP_SAMPLES = 100;
/** After so long without a further row, a sample is whole. */
const WHOLE_AFTER_MS = 120;

export const SAMPLE_COLUMNS = ["timestamp", "name_hash", "working_set_mb", "cpu_percent"];

/** By time, ascending: `{ timeMs, live, programs, cpuPercent }`; a program is `{ hash, processes, mebibytes, cpuPercent }`. */
const samples = new Map();
const listeners = new Set();
let whole;
let lastSequence = 0;
let lastMs = 0;

/** Hears of each sample that came live, when it is whole: `(sample, usual time between two)`. */
export function onSample(listener) {
  listeners.add(listener);
}

/** The latest samples, oldest first. */
export function latestSamples() {
  return [...samples.values()].sort((a, b) => a.timeMs - b.timeMs);
}

/** One row of the stream. */
export function addSampleRow(row) {
  const timeMs = Date.parse(row.timestamp);
  // A stream that was opened again may tell again what was told.
  if (row.sequence <= lastSequence && timeMs <= lastMs) return;
  lastSequence = row.sequence;
  lastMs = timeMs;
  let sample = samples.get(timeMs);
  if (!sample?.live) {
    sample = emptySample(timeMs, true);
    samples.set(timeMs, sample);
    forget();
  }
  addRow(sample, row.name_hash, row.working_set_mb, row.cpu_percent);
  clearTimeout(whole);
  whole = setTimeout(tell, WHOLE_AFTER_MS);
}

/** Rows of `storedRows`, in the order of SAMPLE_COLUMNS. @returns points of a series: processor time by moment */
export function keepStoredSamples(rows) {
  const read = new Map();
  for (const [time, hash, mebibytes, cpu] of rows) {
    const timeMs = Date.parse(time);
    let sample = read.get(timeMs);
    if (sample === undefined) {
      sample = emptySample(timeMs, false);
      read.set(timeMs, sample);
    }
    addRow(sample, hash, Number(mebibytes), cpu === "" ? null : Number(cpu));
  }
  for (const [timeMs, sample] of read) {
    if (!samples.has(timeMs)) samples.set(timeMs, sample);
  }
  forget();
  return [...read].map(([timeMs, { cpuPercent }]) => [timeMs, [cpuPercent]]);
}

function emptySample(timeMs, live) {
  return { timeMs, live, programs: new Map(), cpuPercent: null };
}

function addRow(sample, hash, mebibytes, cpuPercent) {
  let program = sample.programs.get(hash);
  if (program === undefined) {
    program = { hash, processes: 0, mebibytes: 0, cpuPercent: null };
    sample.programs.set(hash, program);
  }
  program.processes++;
  program.mebibytes += mebibytes;
  if (cpuPercent === null) return;
  program.cpuPercent = (program.cpuPercent ?? 0) + cpuPercent;
  sample.cpuPercent = (sample.cpuPercent ?? 0) + cpuPercent;
}

function forget() {
  const times = [...samples.keys()].sort((a, b) => a - b);
  for (const timeMs of times.slice(0, -KEEP_SAMPLES)) samples.delete(timeMs);
}

function tell() {
  const all = latestSamples();
  const latest = all.at(-1);
  const before = all.at(-2);
  const everyMs = before === undefined ? 10_000 : Math.min(60_000, latest.timeMs - before.timeMs);
  for (const listener of listeners) listener(latest, everyMs);
}
