/**
 * Whether cost grows only with the work: the cost of one unit at several sizes, and the largest over
 * the smallest.
 */
import { median, quantile } from '../figures.ts';
import { ROWS } from './rows.ts';
import type { Row } from './standing-rows.ts';

/** What a row came to. */
export interface Grown {
  readonly name: string;
  readonly unit: string;
  /** The median of the rounds, by size. */
  readonly costs: readonly { readonly size: number; readonly cost: number }[];
  /** The largest size over the smallest, round by round. */
  readonly ratio: { readonly least: number; readonly median: number; readonly most: number };
  readonly goal: number;
  readonly atMost?: number;
}

/**
 * Measures every row, its sizes one after the other in each round, so that a ratio compares
 * neighbours in time. `progress` is told of each step before it.
 */
export async function measureGrowth(
  rounds: number,
  progress: (step: number, of: number, what: string) => void,
  rows: readonly Row[] = ROWS,
): Promise<readonly Grown[]> {
  const grown: Grown[] = [];
  for (const [index, row] of rows.entries()) {
    progress(index + 1, rows.length, row.name);
    const bySize = new Map<number, number[]>(row.sizes.map((size) => [size, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [size, costs] of bySize) costs.push(await row.measure(size));
    }
    grown.push(grownOf(row, bySize));
  }
  return grown;
}

function grownOf(
  { name, unit, goal, atMost }: Row,
  bySize: ReadonlyMap<number, readonly number[]>,
): Grown {
  const rounds = [...bySize.values()];
  const [smallest = [], largest = []] = [rounds[0], rounds.at(-1)];
  const ratios = largest.map((cost, round) => cost / (smallest[round] ?? NaN));
  const [least, most] = [quantile(ratios, 0), quantile(ratios, 1)];
  return {
    name,
    unit,
    costs: [...bySize].map(([size, costs]) => ({ size, cost: median(costs) })),
    ratio: { least, median: median(ratios), most },
    goal,
    ...(atMost === undefined ? {} : { atMost }),
  };
}

/** The rows as text: costs by size, the ratio with its spread, and whether the goal was met. */
export function growthTable(grown: readonly Grown[]): string {
  return grown
    .map(({ name, unit, costs, ratio, goal, atMost }) => {
      const bySize = costs.map(({ size, cost }) => `${Math.round(cost)} at ${size}`).join(', ');
      const spread = `${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)}`;
      const most = costs.at(-1)?.cost ?? NaN;
      const isMet = atMost === undefined ? ratio.median <= goal : most <= atMost;
      const verdict = isMet ? 'met' : 'NOT MET';
      const judged =
        atMost === undefined
          ? `ratio ${ratio.median.toFixed(2)} (${spread}), goal ${goal}: ${verdict}`
          : `at most ${atMost} ${unit}: ${verdict}`;
      return `${name}\n  ${unit}: ${bySize}\n  ${judged}`;
    })
    .join('\n');
}
