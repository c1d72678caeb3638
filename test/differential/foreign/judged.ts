/** Whether anybody could tell the durable machine from the live one. */
import { isDeepStrictEqual } from 'node:util';
import { durable } from '../../../src/core/define/durable.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { durableCourse, liveCourse } from './both-ways.ts';
import type { Watched } from './watched.ts';

export const OUTCOMES = {
  same: 'the same, with and without a restart before everything that happens',
  'refused when made': 'refused when it is made durable',
  'refused when it happens': 'refused, or parked, when it happens',
  'throws itself': 'it throws by itself: live that ends it',
  unsteady: 'twice live it differs, as it asks for chance or is counted by its test',
  unanswered: 'no answer in time',
  different: 'DIFFERENT, and nothing was said',
} as const;

export interface Verdict {
  readonly outcome: keyof typeof OUTCOMES;
  readonly why: string;
}

/** XState's name for a machine without an id. */
const NAMELESS = '(machine)';

export async function judged(watched: Watched): Promise<Verdict> {
  const live = await liveCourse(watched);
  if (!isDeepStrictEqual(await liveCourse(watched), live)) return { outcome: 'unsteady', why: '' };
  const [thrown] = live.complaints;
  const definition = madeDurable(watched);
  if (typeof definition === 'string') return { outcome: 'refused when made', why: definition };
  for (const isRestarted of [false, true]) {
    const saga = await durableCourse(watched, definition, isRestarted);
    if (isDeepStrictEqual(saga.sights, live.sights)) continue;
    if (thrown !== undefined) return { outcome: 'throws itself', why: thrown };
    const [complaint] = saga.complaints;
    if (complaint !== undefined) return { outcome: 'refused when it happens', why: complaint };
    const at = live.sights.findIndex(
      (sight, index) => !isDeepStrictEqual(sight, saga.sights[index]),
    );
    const [is, should] = [saga.sights[at], live.sights[at]].map((each) => JSON.stringify(each));
    const after = isRestarted ? ', restarted before it' : '';
    return { outcome: 'different', why: `sight ${at}${after}: ${is}, live ${should}` };
  }
  return { outcome: 'same', why: '' };
}

/** The definition, or why there is none. */
function madeDurable({ machine }: Watched): SagaDefinition | string {
  try {
    return durable(machine, machine.id === NAMELESS ? { id: 'foreign' } : {});
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
