/** The exporter, as the routes ask it. */

import {
  type CancelJob,
  EXPORTER,
  type ExporterMessage,
  type ExporterReplies,
  type ExportJob,
  type JobRefusal,
} from "../actors/exporter/protocol.ts";
import { type Refused, refuse } from "../actors/refused.ts";
import type { AskResult } from "../runtime/actor/types.ts";
import { ANSWER_MS, askPatiently } from "./ask.ts";
import type { ControlDeps } from "./control.ts";
import { type Piece, pulledBody } from "./pulled-body.ts";

export function askExporter<M extends ExporterMessage>(
  deps: ControlDeps,
  message: M,
): Promise<AskResult<ExporterReplies[M["kind"]]>> {
  return askPatiently(deps, EXPORTER, message);
}

/** The body of an open export. */
export function exportBody(deps: ControlDeps, id: number, gone: AbortSignal) {
  return pulledBody({
    pull: () => askExporter(deps, { kind: "export.pull", id }),
    close: () => closeExport(deps, id),
    onBreak: (reason) => deps.log.error("an export broke off: {reason}", { reason }),
    gone,
  });
}

/** An export that is not wanted any more. When this does not get through, the exporter closes it by itself in a while. */
function closeExport(deps: ControlDeps, id: number): void {
  const message: ExporterMessage = { kind: "export.close", id };
  void deps.ask(EXPORTER, message, ANSWER_MS);
}

/** As `closeExport`, for a job. */
export function cancelJob(deps: ControlDeps, job: string): void {
  const message: CancelJob = { kind: "export.cancel", job };
  void deps.ask(EXPORTER, message, ANSWER_MS);
}

interface FilePiece extends Piece {
  readonly fileBytes: number;
}

/** The file of a job that is done. Its first piece knows how long the file is. */
export function jobFile(deps: ControlDeps, { job }: ExportJob, gone: AbortSignal) {
  let offset = 0;
  const pull = async (): Promise<AskResult<FilePiece | Refused<JobRefusal>>> => {
    const result = await askExporter(deps, { kind: "export.read", job, offset });
    if (!result.ok || !result.value.ok) return result as AskResult<Refused<JobRefusal>>;
    const { bytes, fileBytes } = result.value;
    offset += bytes.byteLength;
    const done = offset >= fileBytes;
    // It would be read for ever.
    if (bytes.byteLength === 0 && !done) {
      return { ok: true, value: refuse("disk", "the file ends before it should") };
    }
    return { ok: true, value: { ok: true, bytes, done, fileBytes } };
  };
  return pulledBody<FilePiece, JobRefusal>({
    pull,
    close: () => {},
    onBreak: (reason) => deps.log.error("a finished export broke off: {reason}", { reason }),
    gone,
  });
}
