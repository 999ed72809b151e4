/**
 * One body after the other, unpacked where it is packed, and wiped. The staging place of a body goes back as soon as its bytes are no
 * longer needed: of a packed one that is before it is decoded.
 *
 * What is raw in the intake's own memory is noted there, so that an intake that comes after one that died wipes it.
 */

import { BodyFault, type BodyPlace } from "../../ingest/decoder.ts";
import { PLACE_FREE, PLACE_HEAD_BYTES } from "../../ingest/staging.ts";
import { viewsOf } from "../../runtime/batch/index.ts";
import type { Kernels } from "../../wasm/index.ts";
import { MAX_UNPACKED_BYTES, type PushBody } from "./protocol.ts";
import { BODY_HEAD_BYTES } from "./scratch.ts";
import { unpack } from "./unpack.ts";

export class BodyReader {
  readonly #kernels: Kernels;
  readonly #u8: Uint8Array;
  readonly #i32: Int32Array;
  readonly #at: number;
  readonly #unpackedBytes: number;
  /** The body that lies in the staging area and was not wiped yet. */
  #staged: BodyPlace | undefined;

  /** @param at `readerBytes(unpackedBytes)` bytes, on a multiple of 64 */
  constructor(kernels: Kernels, at: number, unpackedBytes = MAX_UNPACKED_BYTES) {
    const { u8, i32 } = viewsOf(kernels.memory.buffer);
    this.#kernels = kernels;
    this.#u8 = u8;
    this.#i32 = i32;
    this.#at = at;
    this.#unpackedBytes = unpackedBytes;
    this.#wipeUnpacked();
  }

  /** Takes a body over: it is wiped by `end`, whatever comes in between. */
  begin({ at, bytes }: PushBody): void {
    this.#staged = { at, bytes };
  }

  /** Where the body lies as its sender wrote it, until `end`. `too-large`: it unpacks to more than is taken. */
  read({ at, bytes, packing }: PushBody): BodyPlace | BodyFault | "too-large" {
    if (packing === "identity") return { at, bytes };
    const unpacked = unpack(this.#u8.subarray(at, at + bytes), packing, this.#unpackedBytes);
    if (unpacked === "too-large" || unpacked instanceof BodyFault) return unpacked;
    const total = unpacked.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#i32[this.#at >>> 2] = total;
    let to = this.#at + BODY_HEAD_BYTES;
    for (const piece of unpacked) {
      this.#u8.set(piece, to);
      to += piece.byteLength;
      piece.fill(0);
    }
    this.#giveBack();
    return { at: this.#at + BODY_HEAD_BYTES, bytes: total };
  }

  /** Nothing of the body is left. */
  end(): void {
    this.#giveBack();
    this.#wipeUnpacked();
  }

  #giveBack(): void {
    if (this.#staged === undefined) return;
    const { at, bytes } = this.#staged;
    this.#staged = undefined;
    this.#kernels.wipe(at, bytes);
    // Publishes the wiping: who finds the place free gives it to the next body.
    Atomics.store(this.#i32, (at - PLACE_HEAD_BYTES) >>> 2, PLACE_FREE);
  }

  #wipeUnpacked(): void {
    const bytes = this.#i32[this.#at >>> 2]!;
    if (bytes > 0) this.#kernels.wipe(this.#at + BODY_HEAD_BYTES, bytes);
    this.#i32[this.#at >>> 2] = 0;
  }
}
