/**
 * "Did you mean …": the known name that a mistyped one is nearest to, or none when nothing is near.
 * A name whose last part is what was typed ("port" for "http.port") counts as nearest of all.
 */

/** Longer names are not compared: the work grows with the square, and nobody mistypes so much. */
const longestCompared = 80;

/** The nearest of `known` within a third of the typed length (at least 2 edits); case does not count. */
export function nearestName(typed: string, known: Iterable<string>): string | undefined {
  const wanted = typed.toLowerCase();
  if (wanted.length > longestCompared) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const candidate = name.toLowerCase();
    const distance = isTail(wanted, candidate) ? 0.5 : editDistance(wanted, candidate);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function isTail(wanted: string, candidate: string): boolean {
  return wanted.length >= 3 && (candidate.endsWith(`.${wanted}`) || candidate.endsWith(`_${wanted}`));
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
