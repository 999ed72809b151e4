// The programs that lead in the latest sample, by pseudonym: their processes' memory and processor time together.

import { byId, element, keyed, setText } from "./dom.js";
import { pseudonym } from "./pseudonym.js";
import { latestSamples, onSample } from "./samples.js";
import { drawSparkline, sparkline } from "./sparkline.js";
import { clockText, fixedText, mebibytesText, numberText } from "./text.js";

const SHOWN = 8;
const SPARK_MS = 15 * 60_000;
const LEAST_SPARK_MS = 60_000;

const MEASURES = { memory: ({ mebibytes }) => mebibytes, cpu: ({ cpuPercent }) => cpuPercent };
let by = "memory";

export function showPrograms() {
  const samples = latestSamples();
  const latest = samples.at(-1);
  if (latest === undefined) return;
  const measure = MEASURES[by];
  const leaders = [...latest.programs.values()]
    .sort((a, b) => (measure(b) ?? -1) - (measure(a) ?? -1) || (a.hash < b.hash ? -1 : 1))
    .slice(0, SHOWN);
  const oldestMs = Math.min(samples[0].timeMs, latest.timeMs - LEAST_SPARK_MS);
  const fromMs = Math.max(latest.timeMs - SPARK_MS, oldestMs);
  const shown = samples.filter(({ timeMs }) => timeMs >= fromMs);
  keyed(
    byId("programs-rows"),
    leaders,
    ({ hash }) => hash,
    makeRow,
    (row, program) => {
      setText(row.children[1], numberText(program.processes));
      setText(row.children[2], mebibytesText(program.mebibytes));
      setText(row.children[3], program.cpuPercent === null ? "–" : `${fixedText(program.cpuPercent, 1)} %`);
      const points = shown.map(({ timeMs, programs }) => {
        const then = programs.get(program.hash);
        return [timeMs, then === undefined ? null : measure(then)];
      });
      drawSparkline(row.children[4].firstElementChild, points, fromMs, latest.timeMs);
    },
  );
  const processes = [...latest.programs.values()].reduce((sum, program) => sum + program.processes, 0);
  setText(
    byId("programs-note"),
    `${leaders.length} of ${latest.programs.size} programs with ${numberText(processes)} processes, sampled at ${clockText(latest.timeMs)}.`,
  );
}

function makeRow({ hash }) {
  const row = element("tr");
  const head = element("th");
  head.scope = "row";
  head.append(pseudonym(hash));
  const line = element("td", "", "spark");
  line.append(sparkline());
  row.append(head, element("td", "", "n"), element("td", "", "n"), element("td", "", "n"), line);
  return row;
}

onSample(showPrograms);
byId("programs-by").addEventListener("change", ({ target }) => {
  by = target.value;
  showPrograms();
});
