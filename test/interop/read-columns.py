"""Reads an Arrow IPC stream or a Parquet file with pyarrow and prints what it finds, as JSON with every bit kept.

Usage: read-columns.py FILE. Floats come as the hex of their bytes, 64-bit numbers and moments as decimal text.
"""

import json
import struct
import sys

import pyarrow as pa
import pyarrow.parquet as pq


def main(path):
    if path.endswith(".parquet"):
        table = pq.read_table(path)
    else:
        with pa.memory_map(path) as source, pa.ipc.open_stream(source) as reader:
            table = reader.read_all()
    table.validate(full=True)
    columns = {}
    for field, column in zip(table.schema, table.columns):
        columns[field.name] = {
            "type": str(field.type),
            "nullable": field.nullable,
            "nulls": column.null_count,
            "values": values(field.type, column),
        }
    metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    json.dump({"rows": table.num_rows, "columns": columns, "metadata": metadata}, sys.stdout)


def values(kind, column):
    if pa.types.is_timestamp(kind):
        return texts(column.cast(pa.int64()))
    if pa.types.is_floating(kind):
        form = ">d" if kind.bit_width == 64 else ">f"
        return [None if value is None else struct.pack(form, value).hex() for value in column.to_pylist()]
    if pa.types.is_integer(kind):
        return texts(column)
    return column.to_pylist()


def texts(column):
    return [None if value is None else str(value) for value in column.to_pylist()]


main(sys.argv[1])
