/** Outlets as one word: what is read, and what is said of what cannot be. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readOutletAddress } from "../../../actors/outlets/outlet-address.ts";
import { type OutletSpec, placeText } from "../../../actors/outlets/protocol.ts";
import { readOutlets } from "../../../actors/outlets/read-outlets.ts";
import { datasets } from "../../../datasets/index.ts";

const ALL = datasets.map(({ name }) => name);

function specOf(address: string): OutletSpec {
  const read = readOutletAddress(address, datasets);
  assert.ok(read.ok, read.ok ? "" : `expected ${read.expected}; came ${read.came}`);
  return read.spec;
}

test("an address says the place, the datasets and the options", () => {
  assert.deepEqual(
    specOf(
      "tcp://127.0.0.1:9999/memory,process?format=msgpack&where=used_percent%20%3E%2050&whenFull=disconnect",
    ),
    {
      transport: "tcp",
      host: "127.0.0.1",
      port: 9999,
      datasets: ["memory", "process"],
      format: "msgpack",
      columns: null,
      where: "used_percent > 50",
      whenFull: "disconnect",
    },
  );
  assert.deepEqual(specOf("zeromq://[::1]:80/all?columns=timestamp,used_percent&where=a+>+1"), {
    transport: "zeromq",
    host: "::1",
    port: 80,
    datasets: ALL,
    format: "jsonl",
    columns: ["timestamp", "used_percent"],
    where: "a > 1",
    whenFull: "drop-oldest",
  });
  assert.deepEqual(specOf("pipe:///run/a%20b/x.fifo?datasets=memory"), {
    transport: "pipe",
    path: "/run/a b/x.fifo",
    datasets: ["memory"],
    format: "jsonl",
    columns: null,
    where: null,
    whenFull: "drop-oldest",
  });
});

test("without datasets it is of all, and Arrow that cannot tell of drops is ended", () => {
  for (const address of ["tcp://localhost:0", "tcp://localhost:0/", "tcp://localhost:0/all", "pipe:///x"])
    assert.deepEqual(specOf(address).datasets, ALL);
  assert.equal(specOf("tcp://localhost:0/memory?format=arrow").whenFull, "disconnect");
  assert.equal(specOf("pipe:///x?format=arrow").whenFull, "disconnect");
  assert.equal(specOf("zeromq://localhost:0?format=arrow").whenFull, "drop-oldest");
});

test("a place is told as it would be read", () => {
  const host = fc.constantFrom("127.0.0.1", "127.1.2.3", "::1", "localhost");
  const port = fc.integer({ min: 0, max: 65_535 });
  const place = fc.record(
    { transport: fc.constantFrom("tcp" as const, "zeromq" as const), host, port },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(place, (at) => {
      const { transport, ...read } = specOf(placeText(at)) as typeof at & OutletSpec;
      assert.deepEqual({ transport, host: read.host, port: read.port }, at);
    }),
    { seed: 20_260_103 },
  );
  assert.equal(placeText({ transport: "pipe", path: "/run/x" }), "pipe:///run/x");
});

for (const [address, expected, came] of [
  ["", /begins with tcp:\/\//, /""/],
  ["http://127.0.0.1:1", /begins with tcp/, /http/],
  ["tcp:127.0.0.1:1", /begins with tcp/, /tcp:127/],
  ["tcp://", /begins with tcp/, /tcp/],
  ["tcp://127.0.0.1", /a host and a port/, /127/],
  ["tcp://127.0.0.1:65536", /begins with tcp|a host and a port/, /65536/],
  ["tcp://u:p@127.0.0.1:1", /an address/, /u:p/],
  ["tcp://127.0.0.1:1/memory#x", /an address/, /#x/],
  ["tcp://127.0.0.1:1/%zz", /an address/, /%zz/],
  ["tcp://127.0.0.1:1?formt=jsonl", /only the options format/, /formt"; did you mean format\?/],
  ["tcp://127.0.0.1:1?datasets=memory", /only the options/, /datasets/],
  ["tcp://127.0.0.1:1?format=csv", /one of jsonl, msgpack, protobuf, arrow/, /csv/],
  ["tcp://127.0.0.1:1?whenFull=wait", /one of drop-oldest, disconnect/, /wait/],
  ["pipe://run/x", /absolute path of a pipe/, /pipe:\/\/run/],
  ["pipe:///", /absolute path of a pipe/, /pipe/],
] as const) {
  test(`${address || "nothing"} is no address, and it is said why`, () => {
    const read = readOutletAddress(address, datasets);
    assert.ok(!read.ok);
    assert.match(read.expected, expected);
    assert.match(read.came, came);
  });
}

test("several stand with spaces between them, and none is none", () => {
  const read = readOutlets("  tcp://127.0.0.1:1/memory\n zeromq://127.0.0.1:2/all ", datasets);
  assert.ok(read.ok);
  assert.deepEqual(
    read.outlets.map(({ transport }) => transport),
    ["tcp", "zeromq"],
  );
  assert.deepEqual(readOutlets(" ", datasets), { ok: true, outlets: [] });
});

for (const [text, said] of [
  ["tcp://0.0.0.0:1/memory", /loopback/],
  ["tcp://127.0.0.1:1/nothing", /datasets: expected some of memory/],
  ["tcp://127.0.0.1:1/memory,memory", /each once/],
  ["tcp://127.0.0.1:1/all?format=arrow", /one schema.*zeromq/],
  ["tcp://127.0.0.1:1/memory?format=arrow&whenFull=drop-oldest", /disconnect/],
  ["tcp://127.0.0.1:1/memory?columns=nothing", /columns: expected some of timestamp/],
  ["tcp://127.0.0.1:1/memory,process?columns=timestamp", /with one dataset/],
  ["tcp://127.0.0.1:1/memory?where=nothing+>+1", /where: /],
  ["tcp://127.0.0.1:1/memory nonsense", /nonsense/],
] as const) {
  test(`${text} cannot be opened, and it is said why`, () => {
    const read = readOutlets(text, datasets);
    assert.ok(!read.ok);
    assert.match(`${read.expected}; ${read.came}`, said);
  });
}

test("so many, and no more", () => {
  const read = readOutlets("tcp://127.0.0.1:0/memory ".repeat(17), datasets);
  assert.ok(!read.ok);
  assert.match(read.expected, /at most 16/);
  assert.ok(readOutlets("tcp://127.0.0.1:0/memory ".repeat(16), datasets).ok);
});
