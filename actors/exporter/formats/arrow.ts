/**
 * Apache Arrow, both of its formats: `arrow` is the IPC file (also known as Feather 2: pandas.read_feather, pyarrow, polars, R),
 * `arrows` the IPC stream, which is read while it comes.
 *
 * Everything is held as it is: every type, every bit of a number, NaN, ±∞, −0, what is missing. Categories are dictionaries.
 * What the export is stands in the schema's metadata under `millrace`, as JSON; in a file, all of it; in a stream, whose schema
 * comes first, what is known before the first row.
 *
 * Rows are gathered to record batches of one size, however they come: small ones cost their reader more than their rows do,
 * and the same rows are to give the same bytes. Columns are copied as runs of bytes, nothing is decoded. No compression: it
 * would be of each buffer by itself, in LZ4 or zstd frames that `node:zlib` makes one call at a time, and a file that is to
 * be small is better a Parquet file.
 */

import { RowGatherer } from "../../../datasets/row-gatherer.ts";
import { END_OF_STREAM, type FieldSpec, IpcFile, streamPreamble } from "../../../runtime/batch/index.ts";
import type { ByteSink, Encoder, ExportFacts, ExportNotes, Format } from "../format.ts";
import { notesText, openingNotesText } from "./notes.ts";

/** Rows of a record batch; the last one has what is left. */
export const RECORD_BATCH_ROWS = 65_536;

/** What stands around the record batches. */
interface Framing {
  start(metadata: ReadonlyMap<string, string>): Uint8Array;
  add(message: Uint8Array): void;
  end(metadata: ReadonlyMap<string, string>): Uint8Array;
}

export const arrow: Format = {
  name: "arrow",
  extension: "arrow",
  contentType: "application/vnd.apache.arrow.file",
  compressions: ["none"],
  open: (facts, sink) => openArrow(facts, sink, (fields) => new IpcFile(fields)),
};

export const arrows: Format = {
  name: "arrows",
  extension: "arrows",
  contentType: "application/vnd.apache.arrow.stream",
  compressions: ["none"],
  open: (facts, sink) =>
    openArrow(facts, sink, (fields) => ({
      start: (metadata) => streamPreamble(fields, metadata),
      add: () => {},
      end: () => END_OF_STREAM,
    })),
};

function openArrow(
  facts: ExportFacts,
  sink: ByteSink,
  framingOf: (fields: readonly FieldSpec[]) => Framing,
): Encoder {
  let gatherer: RowGatherer | undefined = new RowGatherer(facts.shape, RECORD_BATCH_ROWS);
  const framing = framingOf(facts.shape.publicColumns.map(({ field }) => field));
  const about = (text: string) => new Map([["millrace", text]]);
  sink(framing.start(about(openingNotesText(facts))));

  function give(gathered: RowGatherer): void {
    // A copy: the sink keeps it, and the gatherer goes on.
    const message = gathered.take().slice();
    framing.add(message);
    sink(message);
  }

  return {
    append(batch, { from, to }) {
      for (let row = from; gatherer !== undefined && row < to; ) {
        row = gatherer.add(batch, row, to);
        if (gatherer.isFull) give(gatherer);
      }
    },
    flush: () => {},
    end(notes: ExportNotes) {
      if (gatherer !== undefined && gatherer.rows > 0) give(gatherer);
      sink(framing.end(about(notesText(notes))));
    },
    close() {
      gatherer = undefined;
    },
  };
}
