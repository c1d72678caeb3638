/** Sagas at a worker that makes attempts inline, without Restate. */
import type { ActivityContext } from '../../../src/core/activity.ts';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { type Clock, systemClock } from '../../../src/host/clock.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { AttemptDesk } from '../../../src/restate/attempt-desk.ts';
import type { Commands, WorkPlace } from '../../../src/restate/sends.ts';
import { TurnWork } from '../../../src/restate/turn-work.ts';
import { WorkerRegistry } from '../../../src/restate/worker-registry.ts';
import {
  branchesSaga,
  hastySaga,
  INPUT,
  parcelSaga,
  requestSaga,
} from '../../conformance/sagas.ts';

export const NOW_MS = 1_000;
/** The usual time-out of an activity is ten seconds. */
export const UP_TO_MS = 10_000;

// In a list every contract is alike.
const erased = <C extends object>(definition: SagaDefinition<C>) =>
  definition as unknown as SagaDefinition;
export const parcel = erased(parcelSaga);
export const branches = erased(branchesSaga);
export const request = erased(requestSaga());
export const hasty = erased(hastySaga());
export const once = erased(hastySaga({ repeatable: false }));

export type Call = (input: unknown, context: ActivityContext) => unknown;

export interface PlaceOptions {
  readonly upToMs?: number | null;
  readonly call?: Call;
  /** The one activity that `call` is; the others answer. Default: all are. */
  readonly only?: string;
  readonly places?: number;
  readonly clock?: Clock;
}

const answer: Call = () => ({ receipt: 'r' });

export function placeOf(
  definition: SagaDefinition,
  { upToMs = UP_TO_MS, call = answer, only, clock = systemClock, places }: PlaceOptions = {},
): WorkPlace {
  const registry = new WorkerRegistry();
  const activities = definition.activities.map((name): [string, Call] => [
    name,
    only === undefined || name === only ? call : answer,
  ]);
  registry.add(definition, { activities: Object.fromEntries(activities) });
  const limits = {
    ...DEFAULT_LIMITS,
    ...(places === undefined ? {} : { activitiesInFlight: places }),
  };
  const desk = new AttemptDesk({ clock, limits, lateMs: 0 });
  const inline = upToMs === null ? null : { upToMs, desk };
  return { registry, stateLength: 100_000, keepEndedMs: null, unheard: { add: () => {} }, inline };
}

export const born = {
  input: INPUT,
  key: 'k',
  inputHash: 'h',
  hold: null,
  parent: null,
  trace: null,
};
export const begun = (definition: SagaDefinition, options?: PlaceOptions): Commands =>
  TurnWork.begin(placeOf(definition, options), 's1', definition, born, NOW_MS).commands('here');

export const start = (type: string, input: object = INPUT) => {
  const of = { type, version: 1, key: null, inputHash: 'h' };
  return { ...of, input, startAtMs: null, atMs: NOW_MS };
};

/** The calls that are sent, by service and handler. */
export const sentOf = ({ sends }: Pick<Commands, 'sends'>): readonly string[] =>
  sends.map(({ service, handler }) => `${service.replace('backstep-', '')}/${handler}`);
