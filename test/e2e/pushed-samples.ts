/** Samples with known ids, and what became of them: what the tests of ingest share. */

const DATASET = "compression_telemetry";

/** A sample whose id is its payload's size. Ids begin at 1. */
export function sampleOf(id: number): Record<string, unknown> {
  return {
    vm_id: `vm-${id % 50}`,
    request_id: `request-${id}`,
    session_id: id % 3 === 0 ? null : `session-${id % 7}`,
    link_type: ["dc", "metro", "wan", "edge"][id % 4],
    region: "us-east-1",
    network_tier: 1 + (id % 3),
    bandwidth_available_mbps: 1000.5,
    bandwidth_utilization: id % 100,
    rtt_ms: 4.25,
    payload_size: id,
    payload_type: "vm_memory",
    entropy_estimate: 5.5,
    repetition_score: 12.5,
    has_baseline: id % 2 === 0,
    hde_compression_ratio: 3 + (id % 5),
    hde_delta_hit_rate: 80,
    hde_latency_ms: 2,
    hde_cpu_usage: 20,
    amst_stream_count: 4,
    amst_transfer_rate_mbps: 700,
    amst_latency_ms: 6,
    amst_cpu_usage: 11,
  };
}

export interface Answer {
  readonly status: number;
  readonly accepted?: number;
  readonly repeated?: number;
  readonly detail?: string;
}

/** Pushes samples once. @throws what fetch throws when nobody answers */
export async function push(
  url: string,
  ids: readonly number[],
  { key, ack, signal }: { readonly key?: string; readonly ack?: string; readonly signal?: AbortSignal } = {},
): Promise<Answer> {
  const response = await fetch(`${url}/v1/ingest/${DATASET}${ack === undefined ? "" : `?ack=${ack}`}`, {
    method: "POST",
    headers: {
      "content-type": "application/x-ndjson",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: ids.map((id) => JSON.stringify(sampleOf(id))).join("\n"),
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...((await response.json()) as Omit<Answer, "status">), status: response.status };
}

/** Ids of all samples that are stored, in ascending order, each as often as it is there. */
export async function storedIds(url: string): Promise<readonly number[]> {
  const address = `${url}/v1/export/${DATASET}.csv?columns=payload_size&from=1970-01-02T00:00:00Z&to=2100-01-01T00:00:00Z`;
  const response = await fetch(address);
  const text = await response.text();
  if (!response.ok) throw new Error(`the stored samples cannot be read: ${response.status} ${text}`);
  return text
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line !== "")
    .map(Number)
    .sort((a, b) => a - b);
}

export interface Account {
  readonly received: number;
  readonly stored: number;
  readonly balanced: boolean;
  readonly inFlight: number;
}

/** The ledger's account of the samples. */
export async function accountOf(url: string): Promise<Account> {
  const { datasets } = (await (await fetch(`${url}/v1/ledger`)).json()) as {
    readonly datasets: Readonly<Record<string, Account>>;
  };
  const account = datasets[DATASET];
  if (account === undefined) throw new Error("the ledger has no account of the samples");
  return account;
}

/** Numbers from `first` on. */
export function idsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
