/**
 * The staging area: a piece of the shared memory in which bodies lie while they are taken apart. HTTP writes a body there, once, and the
 * intake's kernels read it where it lies.
 *
 * Who hands places out is the one thread that has HTTP, so finding one takes no atomics. A place has a word in front of its bytes:
 * BUSY from when it is given out until the intake is done with the bytes, which is long before it answers. A place whose question
 * came to nothing (a deadline, a crash) is looked at again, and goes back when its word is FREE, or its reader is known to be gone.
 */

/** Where the staging area lies. Plain data: among the resources of the system. */
export interface StagingSpec {
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes in front of a place's own: its word, and what keeps those on a multiple of 64. */
export const PLACE_HEAD_BYTES = 64;
/** Bytes behind it that a kernel may read. */
export const PLACE_TAIL_BYTES = 64;
export const PLACE_FREE = 0;
export const PLACE_BUSY = 1;
/** Whole staging area, where nothing else is said. */
export const STAGING_BYTES = 64 * 2 ** 20;
