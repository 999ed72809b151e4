"""Writes rows as bodies with Python's own libraries.

Usage: make-push-bodies.py FOLDER. FOLDER has `schema.proto`, and `rows.json`: the name of the dataset, its message, the columns that are moments
(in milliseconds) and the rows. Writes `list.msgpack`, `stream.msgpack` (moments as datetime), `push.protobuf`, `frame.csv` and `quoted.csv`.
"""

import csv
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgpack
import pandas as pd
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

folder = Path(sys.argv[1])
told = json.loads((folder / "rows.json").read_text())
rows, moments = told["rows"], set(told["moments"])
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def moment(ms):
    return EPOCH + timedelta(milliseconds=ms)


def typed(row):
    return {name: moment(value) if name in moments and value is not None else value for name, value in row.items()}


(folder / "list.msgpack").write_bytes(msgpack.packb(rows))
with (folder / "stream.msgpack").open("wb") as out:
    packer = msgpack.Packer(datetime=True)
    for row in rows:
        out.write(packer.pack(typed(row)))

arguments = ["protoc", f"-I{folder}", f"--descriptor_set_out={folder}/schema.bin", str(folder / "schema.proto")]
assert protoc.main(arguments) == 0
pool = descriptor_pool.DescriptorPool()
for file in FileDescriptorSet.FromString((folder / "schema.bin").read_bytes()).file:
    pool.Add(file)
Push = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"millrace.ingest.v1.{told['message']}Push"))
push = Push()
for row in rows:
    push.rows.add(**{name: value for name, value in row.items() if value is not None})
(folder / "push.protobuf").write_bytes(push.SerializeToString())

# Columns as a frame has them: whole numbers that may be missing become floats, truth that may be missing objects.
frame = pd.DataFrame(rows)
for name in moments:
    frame[name] = pd.to_datetime(frame[name], unit="ms", utc=True)
frame.to_csv(folder / "frame.csv", index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
columns = list(rows[0])
with (folder / "quoted.csv").open("w", newline="") as out:
    writer = csv.DictWriter(out, columns, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL") else csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(rows)
