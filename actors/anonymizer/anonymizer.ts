/**
 * The anonymizer: the first stage of every lane that rows come in by. It writes pseudonyms beside the raw values, wipes the
 * raw bytes, and only then moves its cursor: no later stage can see an identifier, because the barrier stays shut until it
 * is gone.
 *
 * It may die between any two writes and be repeated: see the states of a batch. While the batch is RAW its pseudonyms are
 * made (again) from whole raw values; once it is PSEUDONYMIZED only the wiping is repeated.
 */

import type { Dataset } from "../../datasets/define.ts";
import { sourceDatasets } from "../../datasets/index.ts";
import type { ActorContext, Behaviour, StageHandler } from "../../runtime/actor/types.ts";
import { Batch } from "../../runtime/batch/index.ts";
import { kernelsOf } from "../resources.ts";
import { StageMeter } from "../stage-meter.ts";
import { openKey } from "./key.ts";
import {
  createPseudonymizer,
  deriveKeys,
  identifierKinds,
  keyScratchBytes,
  repeatsScratchBytes,
} from "./pseudonyms.ts";

export interface AnonymizerConfig {
  readonly dataFolder: string;
}

/** Shared memory that the anonymizer keeps its keyed states in. */
export const anonymizerScratchBytes = scratchBytesFor(sourceDatasets);

export default function anonymizer(context: ActorContext<AnonymizerConfig>): Behaviour {
  return anonymizerOf(context, sourceDatasets);
}

/** As `anonymizerScratchBytes`, for other datasets than ours. */
export function scratchBytesFor(sources: readonly Dataset[]): number {
  return keyScratchBytes(identifierKinds(sources).length) + repeatsScratchBytes(longestBatch(sources));
}

function longestBatch(sources: readonly Dataset[]): number {
  return Math.max(0, ...sources.map(({ batchRows }) => batchRows));
}

/** The anonymizer of other datasets than ours. */
export function anonymizerOf(
  context: ActorContext<AnonymizerConfig>,
  sources: readonly Dataset[],
): Behaviour {
  const kernels = kernelsOf(context as ActorContext<never>);
  const kinds = identifierKinds(sources);
  const key = openKey(context.config.dataFolder);
  const repeatsAt = context.scratch + keyScratchBytes(kinds.length);
  const states = deriveKeys(kernels, context.scratch, key, kinds);
  key.fill(0);

  const handlers = sources.map((dataset): [string, StageHandler] => {
    const batch = new Batch(context.memory, dataset.plan);
    const pseudonymize = createPseudonymizer(kernels, dataset, states, repeatsAt);
    const meter = new StageMeter(context as ActorContext<never>, dataset.name);
    const holdsRaw = dataset.plan.rawOnlyColumns.length > 0;
    const wipeAndSeal = (slotBytes: number) => {
      // To the slot's end, not the batch's: a source that died before it published may have left a longer batch here.
      if (holdsRaw) kernels.wipe(batch.rawPart().at, batch.slot + slotBytes - batch.rawPart().at);
      batch.seal();
    };
    return [
      dataset.name,
      {
        drain(reader, maxSlots) {
          for (let taken = 0; taken < maxSlots; taken++) {
            const slot = reader.tryRead();
            if (slot < 0) break;
            batch.bind(slot);
            if (batch.state === "raw") {
              pseudonymize(batch);
              batch.state = "pseudonymized";
            }
            if (batch.state !== "public") wipeAndSeal(reader.spec.slotBytes);
            meter.read(batch);
            reader.release();
            meter.released();
          }
        },
        poisoned(slot) {
          const { rows } = batch.bind(slot);
          // Everything in the slot may be raw, whatever its header says.
          batch.discard(context.lane(dataset.name).slotBytes);
          batch.seal();
          return `a batch of ${rows} rows of ${dataset.name} could not be pseudonymized; they were wiped`;
        },
      },
    ];
  });
  return { stages: Object.fromEntries(handlers) };
}
