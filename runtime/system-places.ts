/**
 * Where everything of a system lies in its shared memory: lanes, mailboxes, what actors have for themselves, what resources ask for, and
 * the words that count the lives of threads. Placed once, before anything runs, and never moved.
 */

import type { SharedParts } from "./actor/local-thread.ts";
import type { BoxSpec } from "./actor/post-office.ts";
import { type ActorSpec, DEFAULT_MAILBOX_SIZE } from "./actor/types.ts";
import { Arena, CACHE_PAIR_BYTES } from "./arena.ts";
import { placeLane } from "./lane/index.ts";
import type { SystemSpec } from "./system-spec.ts";

/** Bytes of one mailbox's word: two cache lines, as its senders and its receiver are different threads. */
const BOX_BYTES = CACHE_PAIR_BYTES;

export interface Places {
  readonly shared: SharedParts;
  readonly boxes: readonly BoxSpec[];
  /** Byte offset of the word that counts a thread's lives, by the thread's name. */
  readonly lives: ReadonlyMap<string, number>;
}

/** @param workers names of the threads that are workers */
export function placeSystem(
  spec: Pick<SystemSpec, "memory" | "arenaFrom" | "lanes" | "resources">,
  actors: readonly ActorSpec[],
  workers: readonly string[],
): Places {
  const arena = new Arena(spec.memory, spec.arenaFrom);
  const lanes = spec.lanes.map((shape) => placeLane(arena, shape));
  const boxes = actors.map(({ name, thread, mailboxSize }) => ({
    actor: name,
    thread,
    capacity: mailboxSize ?? DEFAULT_MAILBOX_SIZE,
    offset: arena.allocate(BOX_BYTES, `mailbox of ${name}`),
  }));
  const scratch: Record<string, number> = {};
  for (const { name, scratchBytes } of actors) {
    if (scratchBytes !== undefined) scratch[name] = arena.allocate(scratchBytes, `scratch of ${name}`);
  }
  const resources = spec.resources?.(arena) ?? {};
  const lives = new Map(
    workers.map((thread) => [thread, arena.allocate(CACHE_PAIR_BYTES, `lives of thread ${thread}`)]),
  );
  return { shared: { memory: spec.memory, lanes, scratch, resources }, boxes, lives };
}
