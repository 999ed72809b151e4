/**
 * Parquet, zstd, by parquet-wasm. The library is a WebAssembly module of 5 MB that takes 150 ms and 40 MB to bring to life,
 * so it is loaded when the first Parquet file is asked for.
 *
 * The file is written as rows come: `transformParquetStream` takes record batches from one stream and gives bytes to
 * another, a row group at a time. It asks for the next batch when it is done with the one before, which is what `append`
 * waits for: so the rows that are underway are bounded by what one step reads. It holds one row group, compressed.
 *
 * Bounds of the library that shape this file: it cannot begin without a batch, so it gets one without rows first; and when
 * its output is given up it does not stop asking, so its input is ended too.
 */

import type { RecordBatch as WasmBatch } from "parquet-wasm/node";
import { concatBytes, END_OF_STREAM, streamPreamble } from "../../runtime/batch/index.ts";
import type { ByteSink, Encoder, ExportFacts, Format } from "./format.ts";
import { RowGatherer } from "./row-gatherer.ts";

type ParquetWasm = typeof import("parquet-wasm/node");

/** Rows of a row group. Larger ones compress hardly better and take their size in memory, for each export. */
export const ROW_GROUP_ROWS = 65_536;
/** Rows that are handed to the library at once. */
const GATHERED_ROWS = 4096;

export const parquet: Format = {
  name: "parquet",
  contentType: "application/vnd.apache.parquet",
  open,
};

async function open(facts: ExportFacts, sink: ByteSink): Promise<Encoder> {
  const library: ParquetWasm = await import("parquet-wasm/node");
  const fields = facts.dataset.plan.publicColumns;
  const preamble = streamPreamble(fields);
  const gatherer = new RowGatherer(facts.dataset.plan, GATHERED_ROWS);
  const input = new BatchStream();
  const toLibrary = (): WasmBatch => {
    const table = library.Table.fromIPCStream(concatBytes([preamble, gatherer.take(), END_OF_STREAM]));
    try {
      return table.recordBatch(0)!;
    } finally {
      table.free();
    }
  };
  void input.give(toLibrary());
  const stream = (await library.transformParquetStream(
    input.stream,
    writerProperties(library, facts),
  )) as ReadableStream<Uint8Array>;
  const output = stream.getReader();
  const finished = (async () => {
    for (let read = await output.read(); !read.done; read = await output.read()) sink(read.value);
  })();
  // Looked at in `end`; a file that was given up has nobody to tell.
  finished.catch(() => {});

  return {
    async append(batch, { from, to }) {
      for (let row = from; row < to; ) {
        row = gatherer.add(batch, row, to);
        if (gatherer.isFull) await input.give(toLibrary());
      }
    },
    flush: () => {},
    async end() {
      if (gatherer.rows > 0) await input.give(toLibrary());
      input.end();
      await finished;
    },
    close() {
      input.end();
      void output.cancel().catch(() => {});
    },
  };
}

function writerProperties(library: ParquetWasm, { dataset, fromMs, toMs }: ExportFacts) {
  const bound = (timeMs: number) => (Number.isFinite(timeMs) ? timeMs : null);
  // One entry: the library writes several in an order that changes from call to call, and equal rows are to give equal bytes.
  const about = { dataset: dataset.name, profile: "pseudonymous", fromMs: bound(fromMs), toMs: bound(toMs) };
  const metadata = new Map([["millrace", JSON.stringify(about)]]);
  return new library.WriterPropertiesBuilder()
    .setCreatedBy("millrace")
    .setKeyValueMetadata(metadata)
    .setCompression(library.Compression.ZSTD)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .build();
}

/** A stream that is fed one batch at a time, and tells when the reader is done with it. */
class BatchStream {
  readonly stream: ReadableStream<WasmBatch>;
  #controller: ReadableStreamDefaultController<WasmBatch> | undefined;
  #ended = false;
  /** Resolves the reader's pull that waits for a batch. */
  #pull: (() => void) | undefined;
  /** Resolves the `give` that waits for the reader to come back. */
  #given: (() => void) | undefined;

  constructor() {
    this.stream = new ReadableStream<WasmBatch>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => {
          this.#given?.();
          this.#given = undefined;
          return new Promise<void>((resolve) => {
            this.#pull = resolve;
          });
        },
        cancel: () => {
          this.#ended = true;
          this.#given?.();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Resolves when the reader asks for the next one. */
  async give(batch: WasmBatch): Promise<void> {
    if (this.#ended) {
      batch.free();
      return;
    }
    const done = new Promise<void>((resolve) => {
      this.#given = resolve;
    });
    this.#controller!.enqueue(batch);
    this.#pull?.();
    await done;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller!.close();
    this.#pull?.();
    this.#given?.();
  }
}
