/** Time, as the client asks for it: a test puts its own in. */

export interface ClientTimer {
  cancel(): void;
}

export interface ClientClock {
  /** Wall time in milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds since whenever; never goes back. */
  monotonicMs(): number;
  /** Runs `callback` once, `delayMs` from now. */
  after(delayMs: number, callback: () => void): ClientTimer;
}

/** The host's. A timer of it keeps no program from ending, where the runtime has such timers. */
export const hostClock: ClientClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const handle: unknown = setTimeout(callback, delayMs);
    letEnd(handle);
    return { cancel: () => clearTimeout(handle as never) };
  },
};

/** Node and Bun have it on the timer, Deno beside; browsers have no need. */
function letEnd(handle: unknown): void {
  if (typeof handle === "object" && handle !== null) {
    (handle as { unref?: () => void }).unref?.();
    return;
  }
  const { Deno: deno } = globalThis as { Deno?: { unrefTimer?: (id: unknown) => void } };
  deno?.unrefTimer?.(handle);
}
