"""The whole way of a compression selector's training data, as its users go it, with none of our own code.

    compression-selector.py push URL TRUTH           makes samples, pushes them as NDJSON, writes what is true of them
    compression-selector.py train TRUTH ALL TRAINING compares labels with the formula, trains a forest, prints JSON

The samples are a simulation of transfers over four kinds of links: what the two algorithms would cost follows from link and payload, with
noise. Who wins is not drawn: it is computed, in plain Python floats, from the formula of the telemetry plan.
"""

import json
import sys
import time
import urllib.request
import uuid

import numpy as np
import pandas as pd

GOOD = 120_000
# Transfers that only one algorithm was measured on, and rows that break a rule.
INCOMPLETE = 3_000
BROKEN = 1_000
SEED = 20_260_101
BODY_ROWS = 8_000
LINKS = np.array(["dc", "metro", "wan", "edge"])
REGIONS = np.array(["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2"])
PAYLOADS = np.array(["vm_memory", "vm_disk", "state_delta", "checkpoint", "log"])


def samples(count, rng):
    """Columns by name, `count` values each."""
    link = rng.choice(4, count, p=[0.30, 0.25, 0.30, 0.15])
    bandwidth = np.array([20_000, 4_000, 600, 80.0])[link] * rng.lognormal(0, 0.35, count)
    utilization = np.clip(rng.beta(2, 3, count) * 100, 0, 100)
    rtt = np.array([0.4, 4, 45, 90.0])[link] * rng.lognormal(0, 0.3, count)
    baseline = rng.random(count) < np.array([0.35, 0.5, 0.65, 0.6])[link]
    entropy = np.clip(np.where(baseline, rng.normal(3.2, 0.8, count), rng.normal(6.6, 0.7, count)), 0, 8)
    repetition = np.clip(100 * (1 - entropy / 8) + rng.normal(0, 6, count), 0, 100)
    size = np.maximum(1, rng.lognormal(13.5, 1.2, count)).astype(np.int64)
    hits = np.clip(np.where(baseline, 70 + repetition * 0.25, repetition * 0.2) + rng.normal(0, 4, count), 0, 100)
    delta = np.where(baseline, hits / 100 * 22, 0) * rng.lognormal(0, 0.2, count)
    rate = bandwidth * (1 - utilization / 100) * rng.uniform(0.75, 0.95, count)
    return {
        "link_type": LINKS[link],
        "region": REGIONS[rng.integers(0, 4, count)],
        "network_tier": np.array([1, 2, 2, 3])[link],
        "bandwidth_available_mbps": bandwidth,
        "bandwidth_utilization": utilization,
        "rtt_ms": rtt,
        "payload_size": size,
        "payload_type": PAYLOADS[rng.integers(0, 5, count)],
        "entropy_estimate": entropy,
        "repetition_score": repetition,
        "has_baseline": baseline,
        "hde_compression_ratio": 1.05 + (1 - entropy / 8) * 4 + delta,
        "hde_delta_hit_rate": hits,
        "hde_latency_ms": 1.5 + size / 4e6 + np.where(baseline, 0.5, 6) * rng.lognormal(0, 0.25, count),
        "hde_cpu_usage": np.clip(np.where(baseline, 12, 38) * rng.lognormal(0, 0.2, count), 0.5, 100),
        "amst_stream_count": np.array([16, 8, 4, 2])[link] + rng.integers(0, 3, count),
        "amst_transfer_rate_mbps": rate,
        "amst_latency_ms": rtt * 1.2 + size * 8 / 1e6 / np.maximum(rate, 1) * 50 + 1,
        "amst_cpu_usage": np.clip(np.array([22, 14, 9, 7.0])[link] * rng.lognormal(0, 0.2, count), 0.5, 100),
    }


def oracle(row):
    """The label by the plan's formula, and its utility."""
    hde = (row["hde_compression_ratio"] * row["bandwidth_available_mbps"]) / (
        row["hde_latency_ms"] * row["hde_cpu_usage"] * 0.01 + 1e-6
    )
    amst = (row["amst_transfer_rate_mbps"] * row["bandwidth_available_mbps"] * 0.01) / (
        row["amst_latency_ms"] * row["amst_cpu_usage"] * 0.01 + 1e-6
    )
    return ("HDE", hde) if hde > amst else ("AMST", amst)


def rows_of(columns, first_ms):
    """Plain dictionaries, a second apart, with names that are nobody's."""
    lists = {name: values.tolist() for name, values in columns.items()}
    count = len(lists["rtt_ms"])
    for at in range(count):
        row = {name: values[at] for name, values in lists.items()}
        row["timestamp"] = first_ms + at * 1000
        row["vm_id"] = f"vm-{at % 400}"
        row["request_id"] = str(uuid.UUID(int=at))
        yield row


def push(url, truth_path):
    rng = np.random.default_rng(SEED)
    now_ms = int(time.time() * 1000)
    first_ms = now_ms - (GOOD + INCOMPLETE + BROKEN) * 1000
    truth = []
    rows = []
    for row in rows_of(samples(GOOD, rng), first_ms):
        label, utility = oracle(row)
        # What was chosen in production: nine times in ten what should have been.
        chosen = label if rng.random() < 0.9 else {"HDE": "AMST", "AMST": "HDE"}[label]
        truth.append({"timestamp": row["timestamp"], "label": label, "utility": utility, "chosen": chosen})
        rows.append({**row, "actual_algorithm": chosen})
    for row in rows_of(samples(INCOMPLETE, rng), first_ms + GOOD * 1000):
        for name in ["hde_compression_ratio", "hde_delta_hit_rate", "hde_latency_ms", "hde_cpu_usage"]:
            del row[name]
        rows.append(row)
    for row in rows_of(samples(BROKEN, rng), first_ms + (GOOD + INCOMPLETE) * 1000):
        rows.append({**row, "network_tier": 4})
    order = rng.permutation(len(rows))
    told = {"accepted": 0, "rejected": 0, "reasons": {}}
    for start in range(0, len(rows), BODY_ROWS):
        body = "\n".join(json.dumps(rows[at]) for at in order[start : start + BODY_ROWS]).encode()
        answer = post(url, body, f"samples-{start}")
        # Sent twice, taken once.
        again = post(url, body, f"samples-{start}")
        assert again["accepted"] == answer["accepted"] == again["repeated"], again
        told["accepted"] += answer["accepted"]
        told["rejected"] += answer["rejected"]
        for reason, count in answer["reasons"].items():
            told["reasons"][reason] = told["reasons"].get(reason, 0) + count
    with open(truth_path, "w") as file:
        json.dump(truth, file)
    print(json.dumps(told))


def post(url, body, key):
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as response:
        assert response.status == 202, response.status
        return json.load(response)


def train(truth_path, all_path, training_path):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split

    with open(truth_path) as file:
        truth = pd.DataFrame(json.load(file))
    everything = pd.read_parquet(all_path)
    everything["timestamp"] = everything["timestamp"].astype("datetime64[ms, UTC]").astype("int64")
    both = truth.merge(everything, on="timestamp", how="inner", validate="one_to_one")
    table = pd.read_csv(training_path)
    times = pd.to_datetime(table["timestamp"])
    features = pd.get_dummies(table.drop(columns=["timestamp", "oracle_algorithm"]))
    known, held_out, known_labels, held_out_labels = train_test_split(
        features, table["oracle_algorithm"], test_size=0.2, random_state=1
    )
    forest = RandomForestClassifier(n_estimators=40, min_samples_leaf=2, random_state=1, n_jobs=2)
    forest.fit(known, known_labels)
    print(
        json.dumps(
            {
                "matched": len(both),
                "labels_equal": int((both["label"] == both["oracle_algorithm"].astype(str)).sum()),
                "utilities_equal": int((both["utility"] == both["oracle_utility_score"]).sum()),
                "rows": len(table),
                "columns": list(table.columns),
                "newest_first": bool(times.is_monotonic_decreasing),
                "oldest_ms": int(times.iloc[-1].timestamp() * 1000),
                "expected_oldest_ms": int(truth["timestamp"].sort_values().iloc[-len(table)]),
                "balance": table["oracle_algorithm"].value_counts(normalize=True).to_dict(),
                "agreement": float((truth["chosen"] == truth["label"]).mean()),
                "accuracy": float(forest.score(held_out, held_out_labels)),
                "held_out": len(held_out_labels),
            }
        )
    )


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"push": push, "train": train}[command](*arguments)
