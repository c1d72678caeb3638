/** What workers tell Restate of what they run and how, for whoever deploys others. */
import { z } from 'zod';
import type { Runnable } from '../host/registry.ts';

/** Under this name it stands with the service of sagas. */
export const RUNS_METADATA = 'backstep.runs';

/** Under this name the longest time-out of an inline attempt does, in milliseconds; `none`: none is. */
export const INLINE_METADATA = 'backstep.inline-attempts';

const RUNS: z.ZodType<readonly Runnable[]> = z.array(
  z.object({ type: z.string(), version: z.int(), hash: z.string().nullable() }),
);

/** In one order, so that equal workers say the same. */
export function runsText(runs: readonly Runnable[]): string {
  const nameOf = ({ type, version }: Runnable): string => `${type}@${version}`;
  return JSON.stringify(runs.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)));
}

/** `null`: whoever serves there does not tell. */
export function runsIn(text: string | undefined): readonly Runnable[] | null {
  if (text === undefined) return null;
  const parsed: unknown = JSON.parse(text);
  return RUNS.parse(parsed);
}
