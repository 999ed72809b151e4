"""Computes what is told of a table's quality, with pandas, numpy and scipy, and prints it as JSON.

Usage: check-quality.py LABEL NOW.parquet THEN.parquet
"""

import json
import sys

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

PSI_FLOOR = 1e-4


def main(label, now_path, then_path):
    now, then = pd.read_parquet(now_path), pd.read_parquet(then_path)
    balance = now[label].value_counts(normalize=True)
    json.dump(
        {
            "rows": len(now),
            "balance": {str(value): float(share) for value, share in balance.items() if share > 0},
            "imbalanced": bool((balance < 0.3).any() or (balance > 0.7).any()),
            "columns": {name: column(now[name], then[name]) for name in now.columns},
        },
        sys.stdout,
    )


def column(now, then):
    told = {"missing": int(now.isnull().sum()), "distinct": int(now.nunique())}
    if str(now.dtype) in ("category", "bool", "object", "str"):
        counts = now.dropna().astype(str).str.lower().value_counts()
        told["values"] = {value: int(count) for value, count in counts.items() if count > 0}
    elif not str(now.dtype).startswith("datetime"):
        now, then = (one.dropna().astype("float64").to_numpy() for one in (now, then))
        told["measure"] = measure(pd.Series(now), now, then)
    return told


def measure(series, now, then):
    q1, q3 = series.quantile([0.25, 0.75])
    iqr = q3 - q1
    return {
        "mean": float(series.mean()),
        "min": float(series.min()),
        "q1": float(q1),
        "median": float(series.median()),
        "q3": float(q3),
        "max": float(series.max()),
        "outliers": int(((series < q1 - 1.5 * iqr) | (series > q3 + 1.5 * iqr)).sum()),
        "ks": float(ks_2samp(now, then, method="asymp").statistic),
        "psi": psi(now, then),
    }


def psi(now, then):
    edges = np.unique(np.quantile(then, np.arange(1, 10) / 10))
    shares = [
        np.maximum(PSI_FLOOR, np.bincount(np.digitize(one, edges, right=True), minlength=len(edges) + 1) / len(one))
        for one in (now, then)
    ]
    return float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))


main(*sys.argv[1:])
