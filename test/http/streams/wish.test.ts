import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { positionsText } from "../../../actors/broadcaster/positions.ts";
import { STREAM_FORMATS } from "../../../datasets/records/format.ts";
import { RAW_TYPES } from "../../../http/streams/media-types.ts";
import {
  type AddressInput,
  type AddressRead,
  type WishParts,
  wishFromAddress,
  wishOf,
} from "../../../http/streams/wish.ts";

const NOW_MS = Date.UTC(2026, 5, 1, 12);
const KNOWN = { datasets: ["memory", "process", "memory_1m"], nowMs: NOW_MS };
const NOTHING: WishParts = {
  datasets: ["memory"],
  format: undefined,
  columns: undefined,
  where: undefined,
  since: undefined,
  positions: undefined,
  whenFull: undefined,
};

function read(query: string, more: Partial<AddressInput> = {}): AddressRead {
  const input = { dataset: "memory", accept: undefined, lastEventId: undefined, isSocket: false, ...more };
  return wishFromAddress({ ...input, query: new URLSearchParams(query) }, KNOWN);
}

function wished(query: string, more: Partial<AddressInput> = {}) {
  const found = read(query, more);
  assert.ok(found.ok, JSON.stringify(found));
  return found;
}

function fault(query: string, more: Partial<AddressInput> = {}) {
  const found = read(query, more);
  assert.ok(!found.ok, JSON.stringify(found));
  return found;
}

test("an address without more is every row of its dataset from now on, as events of JSON", () => {
  assert.deepEqual(wished(""), {
    ok: true,
    contentType: "text/event-stream",
    wish: {
      datasets: ["memory"],
      format: "jsonl",
      framing: "sse",
      columns: null,
      where: null,
      from: { kind: "now" },
      whenFull: "drop-oldest",
    },
  });
});

test("all are all datasets, or those that are named, each once", () => {
  assert.deepEqual(wished("", { dataset: "all" }).wish.datasets, KNOWN.datasets);
  assert.deepEqual(wished("datasets=process,memory, process", { dataset: "all" }).wish.datasets, [
    "process",
    "memory",
  ]);
  assert.equal(fault("datasets=process,nope", { dataset: "all" }).parameter, "datasets");
  assert.equal(fault("datasets=", { dataset: "all" }).parameter, "datasets");
  assert.equal(fault("datasets=process").parameter, "datasets");
});

test("each part of the address becomes a part of the wish", () => {
  const { wish } = wished(
    "columns=timestamp, used_percent&where=used_percent > 5&whenFull=disconnect&format=msgpack",
  );
  assert.deepEqual(wish.columns, ["timestamp", "used_percent"]);
  assert.equal(wish.where, "used_percent > 5");
  assert.equal(wish.whenFull, "disconnect");
  assert.equal(wish.format, "msgpack");
});

test("the form is what the address says, else what the header prefers", () => {
  const form = (query: string, accept?: string) => {
    const { wish, contentType } = wished(query, { accept });
    return [wish.framing, wish.format, contentType];
  };
  const browser = "text/html,application/xhtml+xml,*/*;q=0.8";
  assert.deepEqual(form("", "*/*"), ["sse", "jsonl", "text/event-stream"]);
  assert.deepEqual(form("", browser), ["sse", "jsonl", "text/event-stream"]);
  assert.deepEqual(form("format=arrow", "text/event-stream"), ["sse", "arrow", "text/event-stream"]);
  assert.deepEqual(form("framing=raw"), ["raw", "jsonl", "application/jsonl"]);
  assert.deepEqual(form("framing=raw", "text/event-stream"), ["raw", "jsonl", "application/jsonl"]);
  assert.deepEqual(form("framing=raw&format=protobuf", "*/*"), ["raw", "protobuf", "application/x-protobuf"]);
  assert.deepEqual(form("framing=sse", "application/msgpack"), ["sse", "jsonl", "text/event-stream"]);
  assert.deepEqual(form("", "application/x-ndjson"), ["raw", "jsonl", "application/x-ndjson"]);
  assert.deepEqual(form("", "text/event-stream;q=0.5, application/msgpack"), [
    "raw",
    "msgpack",
    "application/msgpack",
  ]);
  for (const format of STREAM_FORMATS) {
    for (const type of RAW_TYPES[format]) assert.deepEqual(form("", type), ["raw", format, type]);
  }
  assert.equal(fault("", { accept: "image/png" }).parameter, "accept");
  assert.equal(fault("format=msgpack", { accept: "application/jsonl" }).parameter, "accept");
});

test("a raw stream of Arrow is of one dataset, and ends rather than drops", () => {
  assert.equal(wished("format=arrow&framing=raw").wish.whenFull, "disconnect");
  assert.equal(fault("format=arrow&framing=raw&whenFull=drop-oldest").parameter, "whenFull");
  assert.equal(fault("format=arrow&framing=raw", { dataset: "all" }).parameter, "format");
  // In events and messages each chunk stands alone.
  assert.equal(wished("format=arrow", { dataset: "all" }).wish.whenFull, "drop-oldest");
  assert.equal(wished("format=arrow", { isSocket: true }).wish.whenFull, "drop-oldest");
});

test("columns are of one dataset", () => {
  assert.equal(fault("columns=timestamp", { dataset: "all" }).parameter, "columns");
  assert.deepEqual(wished("columns=pid&datasets=process", { dataset: "all" }).wish.columns, ["pid"]);
  assert.equal(fault(`columns=${"x,".repeat(300)}`).parameter, "columns");
});

test("a WebSocket has a framing of its own", () => {
  const { wish } = wished("format=protobuf", { isSocket: true, accept: "image/png" });
  assert.equal(wish.framing, "message");
  assert.equal(wish.format, "protobuf");
  assert.equal(fault("framing=raw", { isSocket: true }).parameter, "framing");
});

test("since is a moment, milliseconds, or how long ago", () => {
  const since = (text: string) => {
    const { from } = wished(`since=${encodeURIComponent(text)}`).wish;
    return from.kind === "since" ? NOW_MS - from.sinceMs : from.kind;
  };
  assert.equal(since("2026-06-01T11:59:00Z"), 60_000);
  assert.equal(since("2026-06-01T13:59:00+02:00"), 60_000);
  assert.equal(since(String(NOW_MS - 5)), 5);
  assert.deepEqual(["-1ms", "-1s", "-15m", "-1.5h", "-2d", "-0s"].map(since), [
    1,
    1000,
    900_000,
    5_400_000,
    172_800_000,
    "now",
  ]);
  assert.equal(since("-999999999d"), NOW_MS);
  // A clock that goes a little before ours asks for nothing that has been.
  assert.equal(since("2026-06-01T12:00:01Z"), "now");
  for (const bad of ["yesterday", "15m", "-15", "-m", "1717243200", "", "-1e3s", "--1s", "-1w"]) {
    assert.equal(fault(`since=${bad}`).parameter, "since", bad);
  }
});

test("who connects again goes on where it was; what it began with counts no more", () => {
  const one = wished("since=-1h", { lastEventId: "41" });
  assert.deepEqual(one.wish.from, { kind: "positions", positions: { memory: 42 } });
  const positions = { memory: 7, process: 8, memory_1m: 9 };
  const text = positionsText(positions, KNOWN.datasets);
  const all = wished("", { dataset: "all", lastEventId: text });
  assert.deepEqual(all.wish.from, { kind: "positions", positions });
  const some = wished("datasets=memory,memory_1m", { dataset: "all", lastEventId: text });
  assert.deepEqual(some.wish.from, { kind: "positions", positions: { memory: 7, memory_1m: 9 } });
});

test("an id that is none of ours is passed over: a browser would not ask again without it", () => {
  for (const lastEventId of ["", "abc", "-1", "zzzz-1.2.3", "1e3"]) {
    assert.equal(wished("since=-1h", { lastEventId }).wish.from.kind, "since");
  }
});

test("what a name may be is said of one that is not", () => {
  for (const [query, parameter] of [
    ["format=xml", "format"],
    ["framing=chunked", "framing"],
    ["whenFull=block", "whenFull"],
  ] as const) {
    const { parameter: named, expected, came } = fault(query);
    assert.equal(named, parameter);
    assert.match(expected, /^one of /);
    assert.equal(came, JSON.stringify(query.slice(query.indexOf("=") + 1)));
  }
});

test("the parts of a message are judged as those of an address", () => {
  const good = wishOf({ ...NOTHING, positions: { memory: 3, other: 4 } }, "message", KNOWN);
  assert.ok(good.ok);
  assert.deepEqual(good.wish.from, { kind: "positions", positions: { memory: 3 } });
  const named = (parts: Partial<WishParts>) => {
    const found = wishOf({ ...NOTHING, ...parts }, "message", KNOWN);
    return found.ok ? undefined : found.parameter;
  };
  assert.equal(named({ datasets: [] }), "datasets");
  assert.equal(named({ datasets: ["nope"] }), "datasets");
  assert.equal(named({ columns: [] }), "columns");
  assert.equal(named({ since: "-1h", positions: { memory: 1 } }), "since");
  assert.equal(named({ since: NOW_MS }), undefined);
  assert.equal(named({ since: 12 }), "since");
});

test("no address is too odd: it is read, or its fault is named, and what came is not repeated at length", () => {
  const names = ["format", "framing", "columns", "where", "since", "datasets", "whenFull"];
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("raw", "arrow", "memory", "all", "-1h", "disconnect", "0", "__proto__"),
  );
  const pairs = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 });
  const input = fc.record({
    dataset: fc.constantFrom("all", ...KNOWN.datasets),
    accept: fc.option(fc.string(), { nil: undefined }),
    lastEventId: fc.option(fc.string(), { nil: undefined }),
    isSocket: fc.boolean(),
  });
  fc.assert(
    fc.property(pairs, input, (query, more) => {
      const found = wishFromAddress({ ...more, query: new URLSearchParams(query) }, KNOWN);
      if (found.ok) {
        assert.ok(found.wish.datasets.every((name) => KNOWN.datasets.includes(name)));
        assert.equal(found.wish.framing === "message", more.isSocket);
      } else {
        assert.ok([...names, "accept"].includes(found.parameter), found.parameter);
        assert.ok(found.came.length < 200, found.came);
      }
    }),
    { seed: 20260601, numRuns: 2000 },
  );
});
