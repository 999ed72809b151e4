/** An export's bytes, pulled from the exporter as fast as the client takes them. */

import type { ExportChunk, ExporterMessage, ExporterReplies } from "../actors/exporter/protocol.ts";
import type { AskResult } from "../runtime/actor/types.ts";
import type { ControlDeps } from "./control.ts";

export const EXPORTER = "exporter";

/** The first open loads the Parquet writer; a pull may read many batches that hold no row of the span. */
const ANSWER_MS = 30_000;
const FULL_PAUSE_MS = 100;
const FULL_ATTEMPTS = 50;

/** Asks the exporter; while its mailbox is full, again and again for some seconds. */
export async function askExporter<M extends ExporterMessage>(
  deps: ControlDeps,
  message: M,
): Promise<AskResult<ExporterReplies[M["kind"]]>> {
  for (let attempt = 1; ; attempt++) {
    const result = await deps.ask<ExporterReplies[M["kind"]]>(EXPORTER, message, ANSWER_MS);
    if (result.ok || result.reason !== "full" || attempt === FULL_ATTEMPTS) return result;
    await new Promise<void>((resolve) => deps.clock.after(FULL_PAUSE_MS, resolve));
  }
}

/**
 * The body that begins with `first`. It breaks off when the exporter does: the headers are out by then, so a connection that
 * ends in the middle is the only way left to say so.
 */
export function exportBody(deps: ControlDeps, id: number, first: ExportChunk): ReadableStream<Uint8Array> {
  let chunk: ExportChunk | undefined = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          if (chunk === undefined) {
            const result = await askExporter(deps, { kind: "export.pull", id });
            if (!result.ok || !result.value.ok) {
              const reason = result.ok && !result.value.ok ? result.value.reason : "no answer";
              deps.log.error("an export broke off: {reason}", { reason });
              closeExport(deps, id);
              return controller.error(new Error(`the export broke off: ${reason}`));
            }
            chunk = result.value;
          }
          const { bytes, done } = chunk;
          chunk = undefined;
          if (bytes.byteLength > 0) controller.enqueue(bytes);
          if (done) return controller.close();
          // With nothing to give, the runtime would not ask again.
          if (bytes.byteLength > 0) return;
        }
      },
      cancel: () => closeExport(deps, id),
    },
    { highWaterMark: 0 },
  );
}

/** An export that is not wanted any more. When this does not get through, the exporter closes it by itself in a while. */
export function closeExport(deps: ControlDeps, id: number): void {
  const message: ExporterMessage = { kind: "export.close", id };
  void deps.ask(EXPORTER, message, ANSWER_MS);
}
