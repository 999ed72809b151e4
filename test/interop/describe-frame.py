"""Reads exported files with pandas and prints what it finds, as JSON.

Usage: describe-frame.py FILE... (CSV or Parquet, by their names). 64-bit numbers come as decimal text.
"""

import json
import sys

import pandas as pd

EXACT = {"name_hash": "uint64", "io_read_bytes": "UInt64", "io_write_bytes": "UInt64"}


def main(paths):
    json.dump([describe(path) for path in paths], sys.stdout)


def describe(path):
    if path.endswith(".parquet"):
        frame = pd.read_parquet(path)
        exact = pd.read_parquet(path, dtype_backend="numpy_nullable")
    else:
        frame = pd.read_csv(path, parse_dates=["timestamp"])
        header = set(frame.columns)
        exact = pd.read_csv(path, dtype={name: kind for name, kind in EXACT.items() if name in header})
    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    integers = {
        name: [None if pd.isna(value) else str(value) for value in exact[name]]
        for name in EXACT
        if name in exact.columns
    }
    nulls = {name: int(count) for name, count in frame.isna().sum().items()}
    categories = {
        name: [str(value) for value in frame[name]]
        for name, dtype in dtypes.items()
        if dtype in ("category", "object", "str")
    }
    return {
        "rows": len(frame),
        "dtypes": dtypes,
        "nulls": nulls,
        "integers": integers,
        "categories": categories,
        "first": str(frame["timestamp"].min()),
    }


main(sys.argv[1:])
