/** `millrace export --stream`: what it is asked for, and the command as a process, with a running Millrace. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { readGiven } from "../../cli/command.ts";
import { CommandEnd } from "../../cli/exit-codes.ts";
import { exportCommand } from "../../cli/export.ts";
import { exportWish } from "../../cli/export-wish.ts";
import { outletExample } from "../../cli/outlet-example.ts";
import { streamWish } from "../../cli/stream-wish.ts";
import { STREAM_FORMATS } from "../../datasets/records/format.ts";
import { OUTLET_TRANSPORTS, type OutletView } from "../../http/outlet-view.ts";
import { Peer } from "../actors/outlets/support.ts";
import { Server } from "../e2e/server.ts";
import { temporaryFolder, until } from "../e2e/support.ts";
import { runCli } from "./run-cli.ts";

const TIMEOUT = { timeout: 180_000 };
const FAST = ["--port", "0", "--sampler.memoryIntervalMs", "100ms", "--sampler.processIntervalMs", "1s"];
const wish = (...argv: readonly string[]) => streamWish(readGiven(exportCommand, ["--stream", ...argv]));

test("an outlet is what the options say", () => {
  assert.deepEqual(wish("--port", "9999", "--format", "jsonlines", "--dataset", "memory"), {
    to: "outlet",
    outlet: { transport: "tcp", port: 9999, datasets: ["memory"], format: "jsonl" },
  });
  assert.deepEqual(wish("--port", "0", "--transport", "zeromq", "--format", "protobuf"), {
    to: "outlet",
    outlet: { transport: "zeromq", port: 0, format: "protobuf" },
  });
  const pipe = { to: "outlet", outlet: { transport: "pipe", path: resolve("x.fifo"), format: "jsonl" } };
  assert.deepEqual(wish("--output", "x.fifo", "--all"), pipe);
  assert.deepEqual(wish("--output", "x.fifo", "--transport", "pipe", "--dataset", "all"), pipe);
  assert.deepEqual(
    wish(
      "--output",
      "-",
      "--dataset",
      "memory, process",
      "--columns",
      "a, b",
      "--where",
      "a > 1",
      "--format",
      "arrow",
    ),
    {
      to: "stdout",
      stream: { datasets: ["memory", "process"], columns: ["a", "b"], where: "a > 1", format: "arrow" },
    },
  );
});

for (const [argv, said] of [
  [[], /--port: expected the port .*--output -/],
  [["--port", "x"], /--port: expected a whole number from 0 to 65535; came "x"/],
  [["--port", "65536"], /--port: .*65536/],
  [["--port", "1", "--output", "x"], /--port: .*both/],
  [["--port", "1", "--transport", "tpc"], /--transport: .*did you mean tcp\?/],
  [["--transport", "pipe"], /--output: expected the path of the pipe/],
  [["--output", "x", "--transport", "tcp"], /--output: .*--port/],
  [["--output", "-", "--transport", "tcp"], /--transport: expected none/],
  [["--port", "1", "--format", "msgpak"], /--format: .*did you mean msgpack\?/],
  [["--port", "1", "--dataset", "memry"], /--dataset: .*did you mean memory\?/],
  [["--port", "1", "--dataset", "memory", "--all"], /--dataset: .*both/],
  [["--port", "1", "--hours", "3"], /--hours: expected it without --stream/],
  [["--port", "1", "--anonymize"], /--anonymize: expected it without --stream/],
] as const) {
  test(`--stream ${argv.join(" ")} is not taken`, () => {
    assert.throws(
      () => wish(...argv),
      (error) => error instanceof CommandEnd && error.code === 2 && said.test(error.message),
    );
  });
}

test("what is for streams is not for files", () => {
  const given = readGiven(exportCommand, ["--dataset", "memory", "--output", "x.csv", "--port", "1"]);
  assert.throws(() => exportWish(given, 0), /--port: expected it with --stream/);
});

test("there is a line to paste for every transport and format", () => {
  for (const transport of OUTLET_TRANSPORTS) {
    for (const format of STREAM_FORMATS) {
      const place =
        transport === "pipe"
          ? { host: null, port: null, path: "/run/x.fifo" }
          : { host: "127.0.0.1", port: 4711, path: null };
      const line = outletExample({
        transport,
        format,
        ...place,
        datasets: ["memory"],
      } as unknown as OutletView);
      assert.match(line, transport === "pipe" ? /\/run\/x\.fifo/ : /4711/);
      assert.match(line, /^(nc|cat|python3) [^\n]*$/);
      // Else nothing is printed before many rows have come.
      if (line.includes("msgpack.Unpacker")) assert.match(line, /'rb', buffering=0\)/);
    }
  }
});

test(
  "whoever connects reads rows until Ctrl-C, and rows can go to standard output and a pipe",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, "data");
    const server = new Server(t, [...FAST, "--data", data]);
    await server.ready();

    let kill: (signal: "SIGINT" | "SIGTERM") => void = () => {};
    let said = "";
    const onStart = (send: typeof kill) => {
      kill = send;
    };
    const onOut = (text: string) => {
      said += text;
    };
    const where = ["--dataset", "memory", "--data", data];
    const tcp = runCli(["export", "--stream", "--port", "0", "--format", "jsonlines", ...where], {
      onStart,
      onOut,
    });
    await until("it says where", () => /\n\n {2}nc /.test(said), 60_000);
    const port = Number(
      /^tcp:\/\/127\.0\.0\.1:(\d+) gives rows of memory as jsonl until Ctrl-C/.exec(said)?.[1],
    );
    const peer = await Peer.open(port);
    await until("rows come", () => peer.text.split("\n").length > 3);
    const sequences = peer.text
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { sequence: number }).sequence);
    assert.deepEqual(
      sequences,
      sequences.map((_, index) => sequences[0]! + index),
    );
    kill("SIGINT");
    const ended = await tcp;
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /closed; \d+ rows were sent\n$/);
    await until("the client sees the end", () => peer.hasEnded || peer.isClosed);
    await assert.rejects(Peer.open(port));

    said = "";
    const stdout = runCli(["export", "--stream", "--output", "-", "--columns", "used_percent", ...where], {
      onStart,
      onOut,
    });
    await until("rows come", () => said.split("\n").length > 3, 60_000);
    kill("SIGTERM");
    const { code, stderr, stdout: text } = await stdout;
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(Object.keys(JSON.parse(text.split("\n")[0]!) as object), [
      "dataset",
      "sequence",
      "used_percent",
    ]);

    said = "";
    const path = join(folder, "rows.fifo");
    const pipe = runCli(["export", "--stream", "--output", path, ...where], { onStart, onOut });
    await until("it says where", () => said.includes(`cat '${path}'`), 60_000);
    assert.ok(existsSync(path));
    kill("SIGTERM");
    assert.equal((await pipe).code, 0);
    await until("it is gone", () => !existsSync(path));

    const refused = await runCli(["export", "--stream", "--port", "0", "--where", "nothing > 1", ...where]);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /^where: .*column of memory/);
  },
);

test("a server that does not answer does not keep it from ending", TIMEOUT, async (t) => {
  const asked: string[] = [];
  const silent = createServer(({ url }) => void asked.push(url ?? ""));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    silent.close();
    silent.closeAllConnections();
  });
  const { port } = silent.address() as AddressInfo;
  for (const to of [
    ["--port", "0"],
    ["--output", "-"],
  ]) {
    asked.length = 0;
    let kill: (signal: "SIGINT" | "SIGTERM") => void = () => {};
    const ended = runCli(["export", "--stream", ...to, "--url", `http://127.0.0.1:${port}`], {
      onStart(send) {
        kill = send;
      },
    });
    await until("it has asked", () => asked.length > 0, 60_000);
    kill("SIGINT");
    const { code, stderr } = await ended;
    assert.deepEqual([code, stderr], [0, ""]);
  }
});

test("without a Millrace that runs it is said how to start one", TIMEOUT, async (t) => {
  const data = join(temporaryFolder(t), "data");
  mkdirSync(join(data, "log"), { recursive: true });
  const { code, stderr } = await runCli(["export", "--stream", "--port", "0", "--data", data]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /none does; start one with: millrace start --data /);
});
