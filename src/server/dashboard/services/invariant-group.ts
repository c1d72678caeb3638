/**
 * The live part that says whether everything adds up, wherever it is shown: the region `invariants`.
 */
import type { HttpContext } from '../../context.ts';
import { region, type RegionGroup } from '../../live/page-region.ts';
import { type Invariant, invariantBoxes } from './invariants.ts';

/** Invariants may read whole tables and ask others. */
const MIN_AGE_MS = 3_000;
const MAX_WAIT_MS = 300;

/** The boxes of all extensions; none where nobody states anything. */
export function invariantGroups({
  extensions,
}: Pick<HttpContext, 'extensions'>): readonly RegionGroup[] {
  const stating = extensions.flatMap((one) => one.invariants?.bind(one) ?? []);
  if (stating.length === 0) return [];
  const all = async (): Promise<readonly Invariant[]> =>
    (await Promise.all(stating.map((read) => read()))).flat();
  return [invariantGroup('invariants', all)];
}

/** The boxes of these statements. `key` names them; see `RegionGroup`. */
export function invariantGroup(
  key: string,
  read: () => Promise<readonly Invariant[]>,
): RegionGroup {
  return {
    key,
    minAgeMs: MIN_AGE_MS,
    maxWaitMs: MAX_WAIT_MS,
    render: async () => [await region('invariants', invariantBoxes(await read()))],
  };
}
