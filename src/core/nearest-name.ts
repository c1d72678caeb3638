/** The known name that a misspelt one was probably meant to be. */

/** Names longer than this are not compared; every name of ours is shorter. */
const MAX_COMPARED_LENGTH = 100;

/** The nearest of the known names; `null`: none is near. Letter case does not matter. */
export function nearestName(given: string, known: Iterable<string>): string | null {
  if (given.length > MAX_COMPARED_LENGTH) return null;
  let nearest: string | null = null;
  let least = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    if (name.length > MAX_COMPARED_LENGTH) continue;
    const edits = editsBetween(given.toLowerCase(), name.toLowerCase());
    if (edits >= least) continue;
    least = edits;
    nearest = name;
  }
  return nearest;
}

/** The nearest of the known names as a question to put into a message; empty when none is near. */
export function didYouMean(given: string, known: Iterable<string>): string {
  const nearest = nearestName(given, known);
  return nearest === null ? '' : `; did you mean "${nearest}"?`;
}

// Letters added, left out, replaced, or swapped with the next one (optimal string alignment).
function editsBetween(one: string, other: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, index) => index);
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
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = next;
  }
  return last[other.length] ?? 0;
}
