/**
 * The way back: `next` picks what was started last and is still owed, one compensation at a time;
 * the branches of a parallel block unwind at once, each in its own order.
 *
 * A compensation that failed for good waits in `failed` for a person. It never ends `compensated`.
 */
import { UNWIND_CHILD } from '../machine/machine-roles.ts';
import {
  attemptStates,
  commanded,
  type Edge,
  edge,
  guarded,
  type Side,
  type States,
  totalTime,
} from './attempts.ts';
import type { Place } from './forward.ts';
import { type Block, blocksIn, effectsIn, type EffectPlan, type ParallelPlan } from './plan.ts';
import { compensationView } from './view.ts';

/** What can be picked next: one effect, or a parallel block as a whole. */
type Undoable = EffectPlan | ParallelPlan;

/** The states that undo blocks, and where they lead once nothing is owed. */
export function backwardStates(
  blocks: readonly Block[],
  place: Place,
  ends: readonly Edge[],
  isBranch = false,
): States {
  const all = blocks.flatMap(undoablesIn);
  const among = isBranch ? { among: effectsIn(blocks).map(({ name }) => name) } : {};
  const picks = all.toReversed().map((each) => {
    const steps = effectsIn([each]).map(({ name }) => name);
    return guarded({ type: 'isNextOwed', params: { steps, ...among } }, edge(stateName(each)));
  });
  const failed = all.flatMap((each) =>
    each.block === 'parallel' ? [] : [[stateName(each), failedState(each, place)] as const],
  );
  return {
    next: { entry: 'readLedger', always: [...picks, ...ends] },
    ...Object.fromEntries(all.map((each) => [stateName(each), undoState(each, place)])),
    ...(failed.length === 0
      ? {}
      : {
          failed: {
            tags: ['compensation_failed'],
            initial: failed[0]?.[0],
            states: Object.fromEntries(failed),
          },
        }),
  };
}

function undoablesIn(block: Block): readonly Undoable[] {
  if (block.block === 'parallel') return effectsIn([block]).length === 0 ? [] : [block];
  if (block.block === 'child') return [block];
  if (block.block === 'step') return block.compensation === null ? [] : [block];
  return blocksIn(block).flatMap(undoablesIn);
}

function stateName(each: Undoable): string {
  return each.block === 'parallel' ? each.name : (each.compensation?.name ?? each.name);
}

function undoState(each: Undoable, place: Place): object {
  return each.block === 'parallel' ? unwindState(each, place) : compensationState(each, place);
}

function unwindState({ name, branches }: ParallelPlan, place: Place): object {
  const regions = Object.entries(branches).flatMap(([branch, blocks]) => {
    if (effectsIn(blocks).length === 0) return [];
    const id = `${place.id}.${name}.${branch}`;
    const states = backwardStates(blocks, { ...place, id }, [edge('done')], true);
    return [[branch, { initial: 'next', states: { ...states, done: { type: 'final' } } }] as const];
  });
  const onDone = edge(`#${place.id}.next`);
  return { type: 'parallel', states: Object.fromEntries(regions), onDone };
}

function compensationState(effect: EffectPlan, place: Place): object {
  const { name: step, compensation } = effect;
  if (compensation === null) return {};
  const { name } = compensation;
  const side: Side = {
    attempt: compensation,
    meta: { compensates: step },
    at: `${place.id}.${name}`,
    view: (context, ledger) => compensationView(context, step, place.loops, ledger()),
    names: [step, name],
  };
  const forget = { type: 'forgetTries', params: { activity: name } };
  const person = edge(`#${place.id}.failed.${name}`, forget);
  const done = edge(`#${place.id}.next`, forget);
  const exits = { done, inDoubt: person, failed: person };
  const states = attemptStates(side, exits);
  if (effect.block === 'step') return { ...totalTime(side, exits), initial: 'running', states };
  // A child that still runs undoes itself; only one that had completed needs the activity.
  const unwinding = {
    meta: { compensates: step },
    invoke: {
      id: `${step}-unwind`,
      src: UNWIND_CHILD,
      onDone: done,
      onError: [guarded('childCompleted', edge('running')), person],
    },
  };
  return { ...totalTime(side, exits), initial: 'unwinding', states: { unwinding, ...states } };
}

function failedState({ name: step, compensation }: EffectPlan, place: Place): object {
  const name = compensation?.name ?? step;
  const names = [step, name];
  return {
    on: {
      'backstep.retry': commanded(names, edge(`#${place.id}.${name}`)),
      'backstep.skip': commanded(names, edge(`#${place.id}.next`)),
      'backstep.accept-partial': edge(`#${place.sagaId}.partially_compensated`),
    },
  };
}
