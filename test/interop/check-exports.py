"""Reads exported files with programs that are not ours, and compares every value with the columns that were to be in them.

Usage: check-exports.py FOLDER FILE... where FOLDER/expected.json describes the columns, FOLDER/<column>.bin has a column's
elements, little-endian, and FOLDER/<column>.there a byte a row, 0 where the value is missing. Prints for each file "ok" or
the first difference, as JSON. A file named first-<n>.* has the first n rows; one that ends in .gz or .zst is compressed.
"""

import csv
import gzip
import io
import json
import re
import sqlite3
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 50_000
DTYPES = {
    "f64": "<f8",
    "f32": "<f4",
    "u64": "<u8",
    "i64": "<i8",
    "timestamp": "<i8",
    "u32": "<u4",
    "i32": "<i4",
    "u16": "<u2",
    "u8": "u1",
    "bool": "u1",
    "category": "u1",
}
ARROW_TYPES = {
    "f64": "double",
    "f32": "float",
    "u64": "uint64",
    "i64": "int64",
    "timestamp": "timestamp[ms, tz=UTC]",
    "u32": "uint32",
    "i32": "int32",
    "u16": "uint16",
    "u8": "uint8",
    "bool": "bool",
    "category": "dictionary<values=string, indices=uint8, ordered=0>",
}


class Different(Exception):
    pass


class Column:
    """A column as it is to be."""

    def __init__(self, folder, told, rows):
        self.name, self.type = told["name"], told["type"]
        self.is_name, self.nullable = told["isName"], told["nullable"]
        self.elements = np.fromfile(f"{folder}/{self.name}.bin", dtype=DTYPES[self.type])
        self.there = np.ones(rows, dtype=bool)
        if self.nullable:
            self.there = np.fromfile(f"{folder}/{self.name}.there", dtype="u1").astype(bool)
        self.values = np.array(told["values"], dtype=object)

    def check(self, start, elements, there):
        """Compares elements in this column's own type, bit for bit; of a NaN only that it is one."""
        end = start + len(there)
        self.same(start, self.there[start:end], there, "is there")
        self.same_elements(start, self.elements[start:end], elements, there)

    def same_elements(self, start, expected, elements, there):
        if elements.dtype != expected.dtype:
            raise Different(f"{self.name}: expected {expected.dtype}, came {elements.dtype}")
        if self.type in ("f64", "f32"):
            both = np.isnan(expected) & np.isnan(elements)
            width = "<u8" if self.type == "f64" else "<u4"
            expected, elements = (np.where(both, 0, side.view(width)) for side in (expected, elements))
        self.same(start, np.where(there, expected, 0), np.where(there, elements, 0), "value")

    def same(self, start, expected, came, what):
        wrong = np.flatnonzero(expected != came)
        if len(wrong) > 0:
            at = wrong[0]
            raise Different(f"{self.name}, row {start + at}: {what}: expected {expected[at]!r}, came {came[at]!r}")


class Expected:
    def __init__(self, folder):
        told = json.load(open(f"{folder}/expected.json", encoding="utf-8"))
        self.rows = self.all_rows = told["rows"]
        self.notes = told["notes"]
        self.columns = [Column(folder, column, self.rows) for column in told["columns"]]
        self.names = [column.name for column in self.columns]

    def check_names(self, names):
        if list(names) != self.names:
            raise Different(f"expected the columns {self.names}, came {list(names)}")

    def check_rows(self, rows):
        if rows != self.rows:
            raise Different(f"expected {self.rows} rows, came {rows}")

    def check_notes(self, notes):
        if notes != self.notes:
            raise Different(f"expected the notes {self.notes}, came {notes}")


# Cells of a text format or a database, by column: Python's own values, None for what is missing.

FILLERS = {"timestamp": "1970-01-01T00:00:00.000Z", "category": "", "bool": False}


def elements_of(column, cells):
    """Cells without None, as elements of the column's own type."""
    if column.type == "timestamp":
        if set(map(len, cells)) != {24} or {cell[-1] for cell in cells} != {"Z"}:
            raise Different(f"{column.name}: a moment that is not UTC with milliseconds")
        return np.array([cell[:-1] for cell in cells], dtype="datetime64[ms]").view("<i8")
    is_text = type(cells[0]) is str
    if column.type in ("f64", "f32"):
        doubles = np.array(list(map(float, cells)) if is_text else cells, dtype="<f8")
        return doubles.astype(DTYPES[column.type])
    return np.array(list(map(int, cells)) if is_text else cells, dtype=DTYPES[column.type])


def check_cells(column, start, cells, types, missing_too=None):
    """
    @param types: those that a cell may have when it is not None
    @param missing_too: for an array of elements, which of them the format has no value for
    """
    end = start + len(cells)
    came = set(map(type, cells))
    if not came <= {*types, type(None)}:
        raise Different(f"{column.name}: expected {types}, came {came}")
    there = np.ones(len(cells), dtype=bool)
    if type(None) in came:
        there = np.array([cell is not None for cell in cells], dtype=bool)
        filler = FILLERS.get(column.type, 0)
        if str in types and column.type not in FILLERS:
            filler = "0"
        cells = [filler if cell is None else cell for cell in cells]
    expected, is_there = column.elements[start:end], column.there[start:end]
    if missing_too is not None:
        is_there = is_there & ~missing_too(expected)
    column.same(start, is_there, there, "is there")
    if column.type == "category":
        texts = np.where(there, column.values[expected], "")
        column.same(start, texts, np.array(cells, dtype=object), "value")
    else:
        column.same_elements(start, expected, elements_of(column, cells), there)


CSV_FLAGS = {"true": True, "false": False, "": None}


def open_text(path):
    opened = open(path, "rb")
    if path.endswith(".gz"):
        opened = gzip.open(path)
    if path.endswith(".zst"):
        opened = pa.input_stream(path, compression="zstd")
    return io.TextIOWrapper(opened, newline="", encoding="utf-8")


def check_csv(expected, path):
    with open_text(path) as file:
        reader = csv.reader(file)
        expected.check_names(next(reader))
        start = 0
        while chunk := [row for _, row in zip(range(CHUNK), reader)]:
            for column, cells in zip(expected.columns, zip(*chunk, strict=True), strict=True):
                check_csv_cells(column, start, cells)
            start += len(chunk)
        expected.check_rows(start)


def check_csv_cells(column, start, cells):
    end = start + len(cells)
    if column.type == "category":
        # This reader does not tell `""` from nothing, as others do.
        values = np.where(column.there[start:end], column.values[column.elements[start:end]], "")
        column.same(start, values, np.array(cells, dtype=object), "value")
    elif column.type == "bool":
        check_cells(column, start, [CSV_FLAGS[cell] for cell in cells], {bool})
    else:
        check_cells(column, start, [cell or None for cell in cells], {str})


class Objects:
    """Takes JSON objects, and compares them in chunks."""

    def __init__(self, expected):
        self.expected, self.start, self.chunk = expected, 0, []

    def take(self, row):
        self.chunk.append(row)
        if len(self.chunk) == CHUNK:
            self.check()

    def check(self):
        names = self.expected.names
        if any(list(row) != names for row in self.chunk):
            raise Different(f"row {self.start}: other names than {names}")
        for column, cells in zip(self.expected.columns, zip(*[row.values() for row in self.chunk])):
            if column.type in ("f64", "f32"):
                check_cells(column, self.start, cells, {int, float}, lambda values: ~np.isfinite(values))
            elif column.type in ("timestamp", "category") or column.is_name:
                check_cells(column, self.start, cells, {str})
            else:
                check_cells(column, self.start, cells, {bool} if column.type == "bool" else {int})
        self.start += len(self.chunk)
        self.chunk = []

    def end(self):
        if self.chunk:
            self.check()
        self.expected.check_rows(self.start)


def check_jsonl(expected, path):
    objects = Objects(expected)
    with open_text(path) as file:
        for line in file:
            objects.take(json.loads(line))
    objects.end()


def check_json(expected, path):
    """The elements of the array one after the other, wherever its lines end: as a whole it would take gigabytes here."""
    objects = Objects(expected)
    decoder = json.JSONDecoder()
    with open_text(path) as file:
        text, at, mark = file.read(1 << 20), 0, "["
        while True:
            while text[at] in " \n\r\t":
                at += 1
            if text[at] == "]":
                break
            if text[at] != mark:
                raise Different(f"expected {mark}, came {text[at : at + 20]!r}")
            at, mark = at + 1, ","
            while text[at] in " \n\r\t":
                at += 1
            if text[at] == "]":
                break
            row, at = decoder.raw_decode(text, at)
            objects.take(row)
            if len(text) - at < 1 << 16:
                text, at = text[at:] + file.read(1 << 20), 0
        if (text[at + 1 :] + file.read()).strip() != "":
            raise Different("something comes after the array")
    objects.end()


def check_sqlite(expected, path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    if database.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
        raise Different("integrity_check")
    notes = dict(database.execute("SELECT key, value FROM millrace"))
    expected.check_notes(notes)
    cursor = database.execute("SELECT * FROM mixed ORDER BY rowid")
    expected.check_names(name for name, *_ in cursor.description)
    start = 0
    while chunk := cursor.fetchmany(CHUNK):
        for column, values in zip(expected.columns, zip(*chunk), strict=True):
            check_sqlite_values(column, start, values)
        start += len(chunk)
    expected.check_rows(start)
    database.close()


def check_sqlite_values(column, start, cells):
    end = start + len(cells)
    elements = column.elements[start:end]
    if column.type in ("f64", "f32"):
        # No NaN, and 0 for -0: 0 is added to what is expected.
        check_cells(Rows(column, elements + 0, start), 0, cells, {float}, np.isnan)
    elif column.type in ("timestamp", "category") or column.is_name:
        check_cells(column, start, cells, {str})
    elif column.type == "u64":
        # What is no signed 64-bit number is the nearest double.
        check_cells(column, start, [None if type(cell) is float else cell for cell in cells], {int}, lambda values: values >= 2**63)
        floats = np.array([cell if type(cell) is float else 0 for cell in cells])
        near = np.where(column.there[start:end] & (elements >= 2**63), elements.astype("<f8"), 0)
        column.same(start, near, floats, "value")
    else:
        check_cells(column, start, cells, {int})


class Rows(Column):
    """Rows of a column, with other elements."""

    def __init__(self, column, elements, start):
        self.name, self.type, self.elements = column.name, column.type, elements
        self.there = column.there[start : start + len(elements)]


def check_arrow_table(expected, table):
    table.validate(full=True)
    expected.check_names(table.column_names)
    expected.check_rows(table.num_rows)
    for column, field, chunked in zip(expected.columns, table.schema, table.columns):
        if str(field.type) != ARROW_TYPES[column.type] or field.nullable != column.nullable:
            raise Different(f"{field}: expected {ARROW_TYPES[column.type]}, nullable {column.nullable}")
        start = 0
        for chunk in chunked.chunks:
            there = chunk.is_valid().to_numpy(zero_copy_only=False)
            if column.type == "category":
                # Dictionaries may list the values in any order.
                places = {value: place for place, value in enumerate(column.values)}
                codes = np.array([places[value] for value in chunk.dictionary.to_pylist()] or [0], dtype="u1")
                elements = codes[chunk.indices.fill_null(0).to_numpy(zero_copy_only=False)]
            elif column.type == "timestamp":
                elements = chunk.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
            elif column.type == "bool":
                elements = chunk.fill_null(False).to_numpy(zero_copy_only=False).view("u1")
            else:
                elements = chunk.fill_null(0).to_numpy(zero_copy_only=False)
            column.check(start, elements, there)
            start += len(chunk)


def check_frame(expected, frame):
    """What pandas makes of it without being told anything: every value of the columns that it has a type for."""
    expected.check_names(frame.columns)
    expected.check_rows(len(frame))
    for column in expected.columns:
        series = frame[column.name]
        if column.type == "category":
            there = series.notna().to_numpy()
            came = np.where(there, series.astype(object).to_numpy(), "")
            column.same(0, column.there, there, "is there")
            column.same(0, np.where(there, column.values[column.elements], ""), came, "value")
        elif column.type == "timestamp":
            there = series.notna().to_numpy()
            came = series.fillna(pd.Timestamp(0, tz="UTC")).astype("int64").to_numpy()
            column.check(0, came, there)
        elif not column.nullable and column.type != "bool":
            column.check(0, series.to_numpy(), column.there)


def check_parquet(expected, path):
    table = pq.read_table(path)
    check_arrow_table(expected, table)
    expected.check_notes(json.loads(pq.read_metadata(path).metadata[b"millrace"]))
    check_frame(expected, pd.read_parquet(path))


def check_arrow(expected, path):
    with pa.memory_map(path) as source, pa.ipc.open_file(source) as reader:
        expected.check_notes(json.loads(reader.schema.metadata[b"millrace"]))
        if reader.get_batch(reader.num_record_batches - 1).num_rows == 0:
            raise Different("an empty record batch")
        check_arrow_table(expected, reader.read_all())
    check_frame(expected, pd.read_feather(path))


def check_arrows(expected, path):
    with pa.memory_map(path) as source, pa.ipc.open_stream(source) as reader:
        check_arrow_table(expected, reader.read_all())


def check(expected, path):
    name = path.rsplit("/", 1)[1]
    some = re.match(r"first-(\d+)\.", name)
    expected.rows = int(some[1]) if some else expected.all_rows
    CHECKS[name.split(".")[1]](expected, path)


CHECKS = {
    "csv": check_csv,
    "json": check_json,
    "jsonl": check_jsonl,
    "sqlite": check_sqlite,
    "parquet": check_parquet,
    "arrow": check_arrow,
    "arrows": check_arrows,
}


def main(folder, paths):
    expected = Expected(folder)
    found = {}
    for path in paths:
        try:
            check(expected, path)
            found[path] = "ok"
        except Different as difference:
            found[path] = str(difference)
    json.dump(found, sys.stdout)


main(sys.argv[1], sys.argv[2:])
