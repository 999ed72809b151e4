/** The groups that an operator keeps something of: by key in a group table, whose values (words) are their places here. */

import type { BlockPool, Kernels } from "../wasm/index.ts";
import { GroupTable } from "./group-table.ts";

export interface Listed {
  /** Null: all groups for which there was no room, which is in no list. */
  readonly key: bigint | null;
  /** Set by the list; 0: it is in none. */
  word: number;
}

export class GroupList<G extends Listed> {
  readonly table: GroupTable;
  /** By word. */
  readonly #groups: (G | undefined)[] = [undefined];
  readonly #freeWords: number[] = [];

  /** @throws PoolExhausted */
  constructor(kernels: Kernels, pool: BlockPool) {
    this.table = new GroupTable(kernels, pool);
  }

  get size(): number {
    return this.table.size;
  }

  at(word: number): G | undefined {
    return this.#groups[word];
  }

  get(key: bigint): G | undefined {
    return this.#groups[this.table.get(key)];
  }

  /** Takes in a group whose key, which this is, is new. @returns false: the pool has no room for one more */
  tryPut(key: bigint, group: G): boolean {
    const word = this.#freeWords.at(-1) ?? this.#groups.length;
    if (!this.table.insert(key, word)) return false;
    this.#freeWords.pop();
    this.#groups[word] = group;
    group.word = word;
    return true;
  }

  /** Takes a group out, if it is in. */
  remove(group: G): void {
    if (group.key === null || group.word === 0) return;
    this.table.delete(group.key);
    this.#groups[group.word] = undefined;
    this.#freeWords.push(group.word);
    group.word = 0;
  }

  /** By key, unsigned. */
  sorted(): readonly G[] {
    return this.table.entries().map(({ value }) => this.#groups[value] as G);
  }

  free(): void {
    this.table.free();
  }
}
