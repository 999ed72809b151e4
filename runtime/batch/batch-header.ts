/**
 * The header of a batch, first in its slot: its state, how many rows it has, their numbers and event times, which request they came by, and
 * where its message and its raw part are.
 *
 * The state word only moves forward: RAW → PSEUDONYMIZED → PUBLIC. Between the last two the raw part is wiped. The words
 * are set in that order so that a stage that died between any two writes can be repeated: while RAW, the raw part is whole
 * and everything derived from it can be derived again; once PSEUDONYMIZED, only the wiping is repeated. A public batch may be given up:
 * it is public still, and who stands behind the stage that could not take it passes it over.
 */

import { HEADER_BYTES } from "./batch-layout.ts";
import { keyText, putKey } from "./request-key.ts";
import { type MemoryViews, viewsOf } from "./views.ts";

const STATE = 0;
const ROWS = 1;
const SEQUENCE_F64 = 1;
const MIN_TIME_F64 = 2;
const MAX_TIME_F64 = 3;
const WRITTEN_F64 = 4;
const MESSAGE_AT = 10;
const MESSAGE_BYTES = 11;
const RAW_AT = 12;
const RAW_BYTES = 13;
const END_SEQUENCE_F64 = 7;
/** Key in four words, checksum of the body, first row; zeros: there is none. */
const ORIGIN = 16;

export type BatchState = "raw" | "pseudonymized" | "public";
const STATE_CODES: Readonly<Record<BatchState, number>> = { raw: 1, pseudonymized: 2, public: 3 };
/** Public too, and no stage behind the one that gave it up is to take its rows. */
const GIVEN_UP = 4;

/** Which request a batch's rows came by, and which of its rows they are. Nothing in it says what the rows are. */
export interface BatchOrigin {
  /** 128 bits in 32 hex digits, not all 0. */
  readonly key: string;
  /** Checksum of the request's body, 32 bits. */
  readonly body: number;
  /** Which of the accepted rows of the request the batch's first one is, from 0. The others follow it one by one. */
  readonly firstRow: number;
}

/** What a batch begins with. Offsets are in the slot. */
export interface HeaderStart {
  readonly rows: number;
  readonly firstSequence: number;
  readonly endSequence: number;
  readonly messageAt: number;
  readonly rawAt: number;
  readonly endAt: number;
}

export class BatchHeader {
  readonly views: MemoryViews;
  /** Byte offset of the slot; -1: not bound to one. */
  protected at = -1;

  constructor(memory: { readonly buffer: ArrayBufferLike }) {
    this.views = viewsOf(memory.buffer);
  }

  get slot(): number {
    return this.at;
  }

  get rows(): number {
    return this.views.i32[(this.at >>> 2) + ROWS]!;
  }

  get state(): BatchState {
    const code = this.views.i32[(this.at >>> 2) + STATE];
    if (code === STATE_CODES.public || code === GIVEN_UP) return "public";
    if (code === STATE_CODES.pseudonymized) return "pseudonymized";
    if (code === STATE_CODES.raw) return "raw";
    throw new Error(`no batch in this slot: its state word is ${code}`);
  }

  /** Whether the slot has a batch in it whose raw part is whole. Of a slot that was never written it is false. */
  get isRaw(): boolean {
    return this.views.i32[(this.at >>> 2) + STATE] === STATE_CODES.raw;
  }

  /** Moves the state forward. An atomic store, so that all writes before it are visible to who reads the state. */
  set state(state: BatchState) {
    Atomics.store(this.views.i32, (this.at >>> 2) + STATE, STATE_CODES[state]);
  }

  /**
   * Marks a public batch as given up, for the stages of later tiers. Stages beside this one read on: nothing else of it changes. One that
   * is not public stays as it is, and nobody's to read.
   */
  giveUp(): void {
    const { i32 } = this.views;
    Atomics.compareExchange(i32, (this.at >>> 2) + STATE, STATE_CODES.public, GIVEN_UP);
  }

  /** Whether a stage of an earlier tier has given it up. */
  get isGivenUp(): boolean {
    return Atomics.load(this.views.i32, (this.at >>> 2) + STATE) === GIVEN_UP;
  }

  /** Number of the first row in its dataset; row i has `firstSequence + i`. */
  get firstSequence(): number {
    return this.views.f64[(this.at >>> 3) + SEQUENCE_F64]!;
  }

  /** Number that the first row of the next batch has. More than `rows` away when rows of this batch were dropped. */
  get endSequence(): number {
    return this.views.f64[(this.at >>> 3) + END_SEQUENCE_F64]!;
  }

  /** Smallest event time in milliseconds, +Infinity for an empty batch. */
  get minTimeMs(): number {
    return this.views.f64[(this.at >>> 3) + MIN_TIME_F64]!;
  }

  /** Largest event time in milliseconds, -Infinity for an empty batch. */
  get maxTimeMs(): number {
    return this.views.f64[(this.at >>> 3) + MAX_TIME_F64]!;
  }

  /** Wall time in milliseconds at which the batch was published by its source; 0 when not known. */
  get writtenMs(): number {
    return this.views.f64[(this.at >>> 3) + WRITTEN_F64]!;
  }

  setTimes(minTimeMs: number, maxTimeMs: number, writtenMs: number): void {
    const doubles = this.at >>> 3;
    this.views.f64[doubles + MIN_TIME_F64] = minTimeMs;
    this.views.f64[doubles + MAX_TIME_F64] = maxTimeMs;
    this.views.f64[doubles + WRITTEN_F64] = writtenMs;
  }

  /** The request that its rows came by; undefined: they came by none that has a key. Never of a batch that was discarded. */
  get origin(): BatchOrigin | undefined {
    const { u32 } = this.views;
    const at = (this.at >>> 2) + ORIGIN;
    if ((u32[at]! | u32[at + 1]! | u32[at + 2]! | u32[at + 3]!) === 0) return undefined;
    return { key: keyText(u32, at), body: u32[at + 4]!, firstRow: u32[at + 5]! };
  }

  /** @throws RangeError for a key that is not 32 hex digits */
  setOrigin({ key, body, firstRow }: BatchOrigin): void {
    const { u32 } = this.views;
    const at = (this.at >>> 2) + ORIGIN;
    putKey(u32, at, key);
    u32[at + 4] = body;
    u32[at + 5] = firstRow;
  }

  /** The public batch as one Arrow IPC message: a view of the slot, valid until the slot is released. */
  message(): Uint8Array {
    const words = this.at >>> 2;
    const at = this.at + this.views.i32[words + MESSAGE_AT]!;
    return this.views.u8.subarray(at, at + this.views.i32[words + MESSAGE_BYTES]!);
  }

  /** Byte offset and length of the raw part: what the anonymizer wipes. */
  rawPart(): { readonly at: number; readonly bytes: number } {
    const words = this.at >>> 2;
    return {
      at: this.at + this.views.i32[words + RAW_AT]!,
      bytes: this.views.i32[words + RAW_BYTES]!,
    };
  }

  /** Writes the header of a batch that begins, in state RAW, its event times unknown and its rows of no request. */
  protected start({ rows, firstSequence, endSequence, messageAt, rawAt, endAt }: HeaderStart): void {
    const { i32, f64 } = this.views;
    const words = this.at >>> 2;
    i32[words + ROWS] = rows;
    i32[words + MESSAGE_AT] = messageAt;
    i32[words + MESSAGE_BYTES] = rawAt - messageAt;
    i32[words + RAW_AT] = rawAt;
    i32[words + RAW_BYTES] = endAt - rawAt;
    const doubles = this.at >>> 3;
    f64[doubles + SEQUENCE_F64] = firstSequence;
    f64[doubles + END_SEQUENCE_F64] = endSequence;
    f64[doubles + MIN_TIME_F64] = Number.POSITIVE_INFINITY;
    f64[doubles + MAX_TIME_F64] = Number.NEGATIVE_INFINITY;
    f64[doubles + WRITTEN_F64] = 0;
    i32.fill(0, words + ORIGIN, words + HEADER_BYTES / 4);
    i32[words + STATE] = STATE_CODES.raw;
  }

  /** Byte offset of the message in the memory. */
  protected get messageAt(): number {
    return this.at + this.views.i32[(this.at >>> 2) + MESSAGE_AT]!;
  }
}
