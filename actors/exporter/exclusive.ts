/**
 * Steps that share a window of memory, one at a time: what one has read lies there until its step is over, also while the step
 * waits for something. An actor's handlers are that anyway.
 */

export type Exclusive = <T>(step: () => Promise<T>) => Promise<T>;

/** Runs steps in the order they came in. One that fails does not hold up the others. */
export function oneAtATime(): Exclusive {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const result = last.then(step);
    last = result.catch(() => {});
    return result;
  };
}
