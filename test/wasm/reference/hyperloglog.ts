/** HyperLogLog said plainly: a register a number, the estimator of Ertl 2017 as its algorithm 6 has it. */

const BITS = (1n << 64n) - 1n;
const PRECISION = 12n;
const RANKS = 52;

export class ReferenceHyperLogLog {
  readonly registers = new Uint8Array(4096);

  add(value: bigint): void {
    const hash = rrmxmx(value);
    const index = Number(hash >> (64n - PRECISION));
    let rank = 1;
    while (rank <= RANKS && ((hash >> BigInt(RANKS - rank)) & 1n) === 0n) rank++;
    this.registers[index] = Math.max(this.registers[index]!, rank);
  }

  estimate(): number {
    const m = this.registers.length;
    const histogram = new Array<number>(RANKS + 2).fill(0);
    for (const register of this.registers) histogram[register]!++;
    let z = m * tau(1 - histogram[RANKS + 1]! / m);
    for (let rank = RANKS; rank >= 1; rank--) z = 0.5 * (z + histogram[rank]!);
    z += m * sigma(histogram[0]! / m);
    return ((1 / (2 * Math.log(2))) * m * m) / z;
  }
}

/** The hash: Evensen's rrmxmx of the value and a constant. */
export function rrmxmx(value: bigint): bigint {
  const rotate = (x: bigint, by: bigint) => ((x >> by) | (x << (64n - by))) & BITS;
  let x = (value + 0x9e3779b97f4a7c15n) & BITS;
  x ^= rotate(x, 49n) ^ rotate(x, 24n);
  x = (x * 0x9fb21c651e98df25n) & BITS;
  x ^= x >> 28n;
  x = (x * 0x9fb21c651e98df25n) & BITS;
  return x ^ (x >> 28n);
}

function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let sum = x;
  for (let k = 1; k < 200; k++) sum += x ** (2 ** k) * 2 ** (k - 1);
  return sum;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let sum = 1 - x;
  for (let k = 1; k < 200; k++) sum -= (1 - x ** (2 ** -k)) ** 2 * 2 ** -k;
  return sum / 3;
}
