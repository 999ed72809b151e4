"""What pyCANON says of anonymous exports.

Usage: anonymity.py REQUESTS, a JSON file: a list of {"path", "quasi": [column], "sensitive": [column]}, each path a CSV file.
Prints a JSON list of {"k", "l": {column: l}, "t": {column: t}}.
"""

import json
import sys

import pandas as pd
from pycanon import anonymity


def main(requests):
    with open(requests) as file:
        json.dump([judged(**request) for request in json.load(file)], sys.stdout)


def judged(path, quasi, sensitive):
    frame = pd.read_csv(path)
    # pyCANON groups without rows in which a quasi-identifier is missing, and says nothing of it.
    assert not frame[quasi + sensitive].isna().any(axis=None), path
    return {
        "k": int(anonymity.k_anonymity(frame, quasi)),
        "l": {column: int(anonymity.l_diversity(frame, quasi, [column])) for column in sensitive},
        "t": {column: float(anonymity.t_closeness(frame, quasi, [column])) for column in sensitive},
    }


main(sys.argv[1])
