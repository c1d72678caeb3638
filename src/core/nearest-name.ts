/**
 * The known name that a misspelt one most likely stands for.
 *
 * Pure.
 */

/** Longest name that is compared; beyond it nobody has mistyped one. */
const MAX_LENGTH = 64;

/** The known name that differs least: at most by a third of its letters, case aside. */
export function nearestName(given: string, known: readonly string[]): string | null {
  if (given.length > MAX_LENGTH) return null;
  let nearest: string | null = null;
  let least = Infinity;
  for (const name of known) {
    if (name.length > MAX_LENGTH) continue;
    const distance = distanceOf(given.toLowerCase(), name.toLowerCase());
    if (distance >= least || distance > Math.floor(name.length / 3)) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

/** ` (did you mean "paid"?)`, or nothing. */
export function meantInstead(given: string, known: readonly string[]): string {
  const nearest = nearestName(given, known);
  return nearest === null ? '' : ` (did you mean "${nearest}"?)`;
}

// Letters to insert, leave out, replace or swap with their neighbour (Damerau and Levenshtein).
function distanceOf(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped =
        row > 1 &&
        column > 1 &&
        one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    before = last;
    last = next;
  }
  return last[other.length] ?? 0;
}
