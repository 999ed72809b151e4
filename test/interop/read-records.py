"""Reads streams of records with Python's own libraries and compares each value with what it was made from.

Usage: read-records.py FOLDER. FOLDER has `streams.proto`, and for each dataset named in `datasets.json` the files
`<dataset>.jsonl`, `.msgpack`, `.protobuf`, `.arrow` and `<dataset>.expected.json`: its columns with their types, the number of its
first row, and its values column by column, floats as the hex of their bytes, whole numbers and moments as decimal text.
Prints how many records each file had, as JSON.
"""

import json
import struct
import sys
from pathlib import Path

import msgpack
import pyarrow as pa
from google.protobuf import proto
from grpc_tools import protoc


def main(folder):
    record = compiled(folder)
    counts = {}
    for name in json.loads((folder / "datasets.json").read_text()):
        expected = json.loads((folder / f"{name}.expected.json").read_text())
        readers = {
            "jsonl": read_jsonl,
            "msgpack": read_msgpack,
            "protobuf": lambda path, columns: read_protobuf(path, columns, record),
            "arrow": read_arrow,
        }
        for extension, read in readers.items():
            sequences, values = read(folder / f"{name}.{extension}", expected["columns"])
            if sequences is not None:
                first = expected["first"]
                assert sequences == [(name, first + row) for row in range(len(sequences))], extension
            for column in expected["columns"]:
                compare(f"{name}.{column['name']} in {extension}", column, values, expected)
            counts[f"{name}.{extension}"] = len(next(iter(values.values())))
    json.dump(counts, sys.stdout)


def compare(where, column, values, expected):
    """JSON has neither NaN nor infinities, nor moments of years that it cannot write; it has null there."""
    found = [as_text(column["type"], value) for value in values[column["name"]]]
    wanted = expected["values"][column["name"]]
    if where.endswith("in jsonl"):
        wanted = [None if is_no_number(column["type"], value) else value for value in wanted]
    assert len(found) == len(wanted), f"{where}: {len(found)} values"
    for row, (one, other) in enumerate(zip(found, wanted)):
        assert one == other, f"{where}, row {row}: expected {other}; came {one}"


def as_text(kind, value):
    if value is None or isinstance(value, bool):
        return value
    if kind == "f64":
        return struct.pack(">d", value).hex()
    if kind == "f32":
        return struct.pack(">f", value).hex()
    return str(value)


def is_no_number(kind, value):
    if value is None or kind not in ("f64", "f32"):
        return False
    number = struct.unpack(">d" if kind == "f64" else ">f", bytes.fromhex(value))[0]
    return number != number or number in (float("inf"), float("-inf"))


def by_column(rows, columns):
    return {column["name"]: [row[column["name"]] for row in rows] for column in columns}


def read_jsonl(path, columns):
    rows = [json.loads(line) for line in path.read_text(encoding="utf8").split("\n")[:-1]]
    names = [column["name"] for column in columns]
    for row in rows:
        assert list(row) == ["dataset", "sequence", *names], list(row)
    sequences = [(row["dataset"], row["sequence"]) for row in rows]
    values = by_column(rows, columns)
    for column in columns:
        if column["type"] == "timestamp":
            values[column["name"]] = [millis_of_text(text) for text in values[column["name"]]]
    return sequences, values


def millis_of_text(text):
    """By hand, as datetime begins with the year 1: days from 1970 of the proleptic Gregorian calendar."""
    if text is None:
        return None
    year, month, day = int(text[0:4]), int(text[5:7]), int(text[8:10])
    assert text[4] + text[7] + text[10] + text[13] + text[16] + text[19] + text[23:] == "--T::.Z", text
    shifted = year - (month <= 2)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    seconds = days * 86_400 + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return seconds * 1000 + int(text[20:23])


def read_msgpack(path, columns):
    with path.open("rb") as file:
        rows = list(msgpack.Unpacker(file, timestamp=0))
    names = [column["name"] for column in columns]
    for row in rows:
        assert list(row) == ["dataset", "sequence", *names], list(row)
    sequences = [(row["dataset"], row["sequence"]) for row in rows]
    values = by_column(rows, columns)
    for column in columns:
        if column["type"] == "timestamp":
            values[column["name"]] = [
                None if value is None else value.seconds * 1000 + value.nanoseconds // 1_000_000
                for value in values[column["name"]]
            ]
    return sequences, values


def compiled(folder):
    """The class of a record, from the schema as it is served."""
    include = Path(protoc.__file__).parent / "_proto"
    code = protoc.main(["protoc", f"-I{folder}", f"-I{include}", f"--python_out={folder}", str(folder / "streams.proto")])
    assert code == 0, "protoc takes the schema"
    sys.path.insert(0, str(folder))
    import streams_pb2

    return streams_pb2.Record


def read_protobuf(path, columns, record):
    records = []
    with path.open("rb") as file:
        while (read := proto.parse_length_prefixed(record, file)) is not None:
            records.append(read)
    with (path.parent / "again").open("wb") as file:
        for read in records:
            proto.serialize_length_prefixed(read, file)
    assert (path.parent / "again").read_bytes() == path.read_bytes(), "written again it is the same bytes"
    sequences = [(read.WhichOneof("content"), read.sequence) for read in records]
    rows = [getattr(read, read.WhichOneof("content")) for read in records]
    values = {}
    for column in columns:
        name = column["name"]
        values[name] = [getattr(row, name) if row.HasField(name) else None for row in rows]
        if column["type"] == "timestamp":
            # By hand, as ToMilliseconds refuses the year 0.
            values[name] = [
                None if value is None else value.seconds * 1000 + value.nanos // 1_000_000 for value in values[name]
            ]
    return sequences, values


def read_arrow(path, columns):
    """One stream, or several behind each other, as messages bring them."""
    tables = []
    with pa.memory_map(str(path)) as source:
        while source.tell() < source.size():
            with pa.ipc.open_stream(source) as reader:
                tables.append(reader.read_all())
    table = pa.concat_tables(tables)
    table.validate(full=True)
    assert table.column_names == [column["name"] for column in columns]
    assert json.loads(tables[0].schema.metadata[b"millrace"])["dataset"] == path.stem
    values = {}
    for name, column in zip(table.column_names, table.columns):
        plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        values[name] = plain.to_pylist()
    return None, values


main(Path(sys.argv[1]))
