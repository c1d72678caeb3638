/**
 * Sets a saga going again that stands still because somebody killed a call of it: nobody reports of
 * that call any more, and nothing else would bring it back.
 *
 * Invariant: an attempt that has a call is left alone, so that none runs twice at once.
 */
import { z } from 'zod';
import { BackstepError } from '../../core/errors.ts';
import type { SagaState } from '../../core/state.ts';
import { isStill } from '../../core/state.ts';
import { isOverForParent } from '../../core/turn/child-outcome.ts';
import type { Clock } from '../../host/clock.ts';
import type { Nudged, StuckCall } from '../../host/host-calls.ts';
import type { Logger } from '../../host/turn-log.ts';
import { SERVICES } from '../names.ts';
import { RUNS } from '../saga-state.ts';
import { nameOfAttempt } from '../send.ts';
import { type Admin, quoted } from './admin.ts';
import type { Ingress } from './ingress.ts';
import type { Resync } from './resync.ts';
import { findCalls } from './stuck-calls.ts';

const RUN_IDS = z.record(z.string(), z.string());
/** Calls of one saga that are looked at. */
const MAX_CALLS = 1_000;

export interface NudgeParts {
  readonly admin: Admin;
  readonly ingress: Ingress;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger: Pick<Logger, 'info'>;
  /** The state that a saga has on Restate; `null`: there is none. */
  readonly stateOf: (sagaId: string) => Promise<SagaState | null>;
  readonly resync: Pick<Resync, 'heal'>;
}

/** Does it, or with `isTrial` says what it would do; see `HostCalls.nudge`. */
export async function nudge(parts: NudgeParts, sagaId: string, isTrial: boolean): Promise<Nudged> {
  const { admin, ingress, clock, logger } = parts;
  // The admin port first: where Restate is away it says so at once.
  const runs = await runsOf(admin, sagaId);
  const state = await parts.stateOf(sagaId);
  if (state === null) throw new BackstepError('not-found', `no saga with id "${sagaId}"`);
  const ownIds = [...runs.values()].map(quoted).join(', ');
  const ofSaga = `(target_service_name = ${quoted(SERVICES.saga)} AND
    target_service_key = ${quoted(sagaId)})`;
  const isOwn = ownIds === '' ? ofSaga : `(${ofSaga} OR id IN (${ownIds}))`;
  const calls = await findCalls(admin, `status <> 'scheduled' AND ${isOwn}`, MAX_CALLS);
  // Whatever the saga itself is about to do comes first: another look sees what is left then.
  const isTurning = calls.some(({ what }) => what.startsWith(`${SERVICES.saga}/`));
  const dispatched = isTurning ? [] : await leftAlone(parts, state, runs, calls);
  if (!isTrial && !isTurning) {
    logger.info({ saga: sagaId, dispatched }, 'a person nudged a saga');
    await ingress.call(sagaId, 'nudge', { attempts: [...dispatched], atMs: clock.nowMs() });
    // The call that was killed may have been the one that writes its last turn.
    await parts.resync.heal(sagaId);
  }
  if (dispatched.length > 0) return { kind: 'nudged', dispatched, calls };
  return { kind: calls.length > 0 ? 'moves' : 'waits', dispatched, calls };
}

/** What is live and has no call that would ever report of it. */
async function leftAlone(
  { stateOf }: NudgeParts,
  state: SagaState,
  runs: ReadonlyMap<string, string>,
  calls: readonly StuckCall[],
): Promise<readonly string[]> {
  if (isStill(state)) return []; // what resumes it dispatches again
  const underWay = new Set(calls.map(({ id }) => id));
  const names: string[] = [];
  for (const [activity, { token, childId }] of Object.entries(state.live.activities)) {
    const name = nameOfAttempt(activity, token);
    if (childId !== undefined) {
      const child = await stateOf(childId);
      if (child === null || isOverForParent(child)) names.push(name);
    } else if (!underWay.has(runs.get(name) ?? '')) names.push(name);
  }
  return names;
}

/** Ids of the calls that make its attempts, by the name of the attempt. */
async function runsOf(admin: Admin, sagaId: string): Promise<ReadonlyMap<string, string>> {
  const [row] = await admin.query(`SELECT value_utf8 AS value FROM state
    WHERE service_name = ${quoted(SERVICES.saga)} AND service_key = ${quoted(sagaId)}
    AND key = ${quoted(RUNS)}`);
  const value = row?.['value'];
  if (typeof value !== 'string') return new Map();
  return new Map(Object.entries(RUN_IDS.parse(JSON.parse(value))));
}
