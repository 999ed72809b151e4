/** The groups that have a session, and the group of all others. */

import { PoolExhausted } from "../wasm/index.ts";
import { GroupList } from "./group-list.ts";
import { groupOf, type SessionGroup } from "./session.ts";

export class SessionGroups extends GroupList<SessionGroup> {
  readonly others = groupOf(null);

  /** A new group. Undefined: the pool has no room for one more. */
  tryMake(key: bigint): SessionGroup | undefined {
    const group = groupOf(key);
    return this.tryPut(key, group) ? group : undefined;
  }

  /** The group of that key, null for all others; new, when a state is loaded. @throws PoolExhausted */
  make(key: bigint | null): SessionGroup {
    const group = key === null ? this.others : this.tryMake(key);
    if (group === undefined) throw new PoolExhausted("there is no room for all groups of this state");
    return group;
  }
}
