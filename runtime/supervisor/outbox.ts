/**
 * What the outside is still to be told, in order. Nothing is told from inside a machine at work: an observer may call the
 * supervisor back. What an observer throws is counted, and disturbs nobody.
 */
export class Outbox {
  #untold: (() => void)[] = [];
  #errors = 0;

  /** How often an observer threw. */
  get errors(): number {
    return this.#errors;
  }

  push(tell: () => void): void {
    this.#untold.push(tell);
  }

  flush(): void {
    for (let tell = this.#untold.shift(); tell !== undefined; tell = this.#untold.shift()) {
      try {
        tell();
      } catch {
        this.#errors++;
      }
    }
  }
}
