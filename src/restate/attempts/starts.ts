/** What a turn starts, as calls: attempts, of their own or of their saga, and child sagas. Pure. */
import type { SagaState } from '../../core/state.ts';
import { parentLink } from '../../core/turn/parent-link.ts';
import type { TakenTurn } from '../../host/turn/taken-turn.ts';
import type { RenamedAttempts } from '../../host/versions/renamed-attempts.ts';
import type { OwnFacts } from '../kept-saga.ts';
import { SERVICES } from '../names.ts';
import { nameOfAttempt, type Send, toSaga } from '../send.ts';
import type { WorkerRegistry } from '../worker-registry.ts';
import { attemptWords, type Inline, isStart, type StartEffect } from './inline-attempts.ts';

/** The calls that a turn starts, in its order: attempts as `attemptOf` has them, and children. */
export function startsOf(
  registry: WorkerRegistry,
  { type, version }: OwnFacts,
  taken: TakenTurn,
  attemptOf: (effect: StartEffect) => readonly Send[],
  atMs: number,
): readonly Send[] {
  return taken.effects.filter(isStart).flatMap((effect) => {
    const { child } = effect;
    if (child?.isUnwinding === true) return []; // see `undoingsOf`: after the order to end
    if (child !== null) return childCalls(registry, taken.after, { type, version }, effect, atMs);
    return attemptOf(effect);
  });
}

/** An attempt as a call; none: it is left already, or this call makes it itself. */
export function attemptSends(
  id: string,
  facts: OwnFacts,
  effect: StartEffect,
  after: SagaState | null,
  inline: Inline | null,
  atMs: number,
): readonly Send[] {
  const { activity, token } = effect;
  const live = after?.live.activities[activity];
  // An attempt that a later turn of the same call has left was never begun.
  if (after === null || live?.token !== token) return [];
  if (effect === inline?.effect) {
    if (inline.form === 'here') return [];
    return [toSaga(id, 'attempt', { activity, token, dispatch: live.dispatches, atMs })];
  }
  const words = attemptWords(id, facts, after, effect, atMs);
  const attempt = nameOfAttempt(activity, token);
  return [{ service: SERVICES.attempt, handler: 'run', words, attempt }];
}

/** Attempts that turns stop, as `nameOfAttempt` names them. */
export function stopsOf(taken: readonly TakenTurn[]): readonly string[] {
  return taken.flatMap(({ effects }) =>
    effects.flatMap((effect) =>
      effect.kind === 'stop-activity' ? [nameOfAttempt(effect.activity, effect.token)] : [],
    ),
  );
}

/** Attempts under new ids that are still live after those turns, and that none of them starts. */
export function startsLeft(
  renamed: RenamedAttempts | undefined,
  after: SagaState | undefined,
  taken: readonly TakenTurn[],
  again: readonly StartEffect[],
): RenamedAttempts['starts'] {
  if (renamed === undefined || after === undefined) return [];
  const started = [...taken.flatMap(({ effects }) => effects.filter(isStart)), ...again];
  return renamed.starts.filter(({ activity, token }) => {
    const isLive = after.live.activities[activity]?.token === token;
    return isLive && !started.some((each) => each.activity === activity && each.token === token);
  });
}

function childCalls(
  registry: WorkerRegistry,
  saga: SagaState,
  { type, version }: Pick<OwnFacts, 'type' | 'version'>,
  { child, activity, token, input, step, src }: StartEffect,
  atMs: number,
): readonly Send[] {
  const definition = registry.version(type, version).definition.children[src];
  if (child === null || definition === undefined) return [];
  const watch = { parent: saga.id, activity, token, isUnwinding: false };
  const parent = parentLink(saga, step, child.shows === true ? { activity, token } : undefined);
  const of = { type: definition.id, version: definition.version };
  return [toSaga(child.id, 'startChild', { ...of, input, parent, watch, atMs })];
}
