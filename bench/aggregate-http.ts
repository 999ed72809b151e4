/**
 * How many values a second does POST /pipeline/aggregate take? Into a server that was started in earnest, against one that only parses
 * their bodies.
 *
 * Servers and client are of one host and share its cores. What the client was told is compared with what the server counted.
 */

import { Child } from "./child.ts";
import type { ClientTold } from "./fixtures/aggregate-client.ts";
import { type MarkedCase, marked, percentile, rounded, startMillrace } from "./marked.ts";

const RUN_MS = 2000;
const ROUNDS = 5;

interface Load {
  readonly name: string;
  readonly connections: number;
  readonly values: number;
  readonly mark: number;
}

const LOADS: readonly Load[] = [
  { name: "lists of 1 000 values", connections: 4, values: 1000, mark: 300_000 },
  { name: "values one by one", connections: 32, values: 1, mark: 15_000 },
];

/** Measures lists and single values. */
export async function httpCases(report: (measured: MarkedCase) => void): Promise<void> {
  const millrace = await startMillrace();
  const peer = new Child("aggregate-peer.ts", []);
  try {
    const { url } = await peer.line<{ readonly url: string }>();
    for (const load of LOADS) report(await httpCase(load, millrace.url, url));
  } finally {
    await peer.end();
    await millrace.end();
  }
}

async function httpCase(load: Load, url: string, peerUrl: string): Promise<MarkedCase> {
  const before = await valuesTaken(url);
  const all: ClientTold[] = [await send(url, load)];
  await send(peerUrl, load);
  const samples: Record<"ours" | "peer", number[]> = { ours: [], peer: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [who, address] of [
      ["ours", url],
      ["peer", peerUrl],
    ] as const) {
      const told = await send(address, load);
      if (who === "ours") all.push(told);
      samples[who].push((told.values / told.ms) * 1000);
    }
  }
  const taken = (await valuesTaken(url)) - before;
  const sent = all.reduce((sum, { values }) => sum + values, 0);
  if (taken !== sent) throw new Error(`${sent} values were acknowledged, ${taken} were counted`);
  const one = { bench: "aggregate", case: `POST /pipeline/aggregate, ${load.name}`, unit: "values/s" };
  const payload = `${load.connections} connections, 50 groups; client and servers share the host`;
  const ours = marked(one, percentile(samples.ours, 0.5), samples.ours, payload, load.mark);
  const theirs = percentile(samples.peer, 0.5);
  const name = "JSON.parse alone";
  return {
    ...ours,
    result: { ...ours.result, peers: { [name]: rounded(theirs) }, ratio: rounded(ours.result.ours / theirs) },
    spread: {
      ...ours.spread,
      [name]: [rounded(Math.min(...samples.peer)), rounded(Math.max(...samples.peer))],
    },
    least: true,
  };
}

/** @throws Error when a request was not answered with 200 */
async function send(url: string, { connections, values }: Load): Promise<ClientTold> {
  const client = new Child("aggregate-client.ts", [url, connections, values, RUN_MS].map(String));
  const told = await client.line<ClientTold>();
  await client.end();
  if (told.failed > 0) throw new Error(`${told.failed} requests were refused`);
  return told;
}

async function valuesTaken(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const line = /^millrace_aggregated_values_total\{outcome="added"\} (\d+)/m.exec(metrics);
  return Number(line?.[1] ?? Number.NaN);
}
