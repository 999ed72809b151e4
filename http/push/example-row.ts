/** A row of compression telemetry, with what has to be there: the reference shows it. */

export const EXAMPLE_ROW = {
  vm_id: "vm-1",
  request_id: "request-1",
  link_type: "wan",
  region: "us-east-1",
  network_tier: 2,
  bandwidth_available_mbps: 400,
  bandwidth_utilization: 25,
  rtt_ms: 40,
  payload_size: 1_048_576,
  payload_type: "vm_memory",
  has_baseline: true,
  hde_compression_ratio: 4,
  hde_latency_ms: 10,
  hde_cpu_usage: 20,
  amst_transfer_rate_mbps: 300,
  amst_latency_ms: 50,
  amst_cpu_usage: 10,
};
