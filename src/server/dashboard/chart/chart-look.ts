/**
 * How a chart is looked at, as the address says it: steps closed but those in `open`, or the whole
 * machine. Links change the address and nothing else, so they work without a script.
 */
import { badQuery } from '../../query.ts';

export interface ChartLook {
  readonly isWhole: boolean;
  /** Paths of the steps that are open. */
  readonly open: ReadonlySet<string>;
  /** The same page with the whole machine drawn, or folded again. */
  readonly otherKind: string;
  /** The same page with one more step open, or closed again. */
  toggled(path: string): string;
}

const MAX_OPEN = 50;
const WHOLE = 'whole';

/**
 * Reads `chart` and `open` from a query. Throws `query-invalid`.
 *
 * @param inPath parameters that stand in the path of the page, not in its query
 */
export function chartLookOf(query: URLSearchParams, inPath: readonly string[] = []): ChartLook {
  const kind = query.get('chart');
  if (kind !== null && kind !== WHOLE) throw badQuery('chart', `may be ${WHOLE}`);
  const open = new Set(query.getAll('open'));
  if (open.size > MAX_OPEN) throw badQuery('open', `at most ${MAX_OPEN} steps`);
  const linkTo = (isWhole: boolean, paths: Iterable<string>): string => {
    const link = new URLSearchParams(query);
    for (const name of [...inPath, 'chart', 'open']) link.delete(name);
    if (isWhole) link.set('chart', WHOLE);
    for (const path of paths) link.append('open', path);
    return `?${link.toString()}#chart`;
  };
  const isWhole = kind === WHOLE;
  return {
    isWhole,
    open,
    otherKind: linkTo(!isWhole, open),
    toggled: (path) =>
      linkTo(false, open.has(path) ? [...open].filter((other) => other !== path) : [...open, path]),
  };
}
