/**
 * Compiles blocks into an XState machine whose every situation is a state one can read:
 *
 *     forward.<step>.running | retrying | probing    deadline and cancel leave it for compensating
 *     pivot.<step>.running | retrying | probing      the go or no-go
 *     finishing.<step>.running | retrying            forward only
 *     pivot.failed.<step>, finishing.failed.<step>   waits for a person
 *     compensating.next                              picks what was started last and is still owed
 *     compensating.<compensation>.running | retrying
 *     compensating.failed.<compensation>             waits for a person
 *     completed | compensated                        final
 *     partially_completed | partially_compensated    final: a person gave something up
 */
import { type AnyStateMachine, createMachine } from 'xstate';
import { type Edge, edge, guarded } from './attempts.ts';
import { backwardStates } from './backward.ts';
import type { StepEntry } from '../state.ts';
import { wasGivenUp } from '../turn/ledger.ts';
import { type Asking, ledgerOf, type SagaContext } from './saga-context.ts';
import { forwardStates, type Place } from './forward.ts';
import { implementationsOf } from './implementations.ts';
import { effectsIn, everyBlock, loopsByStep, type SagaPlan, type Zones, zonesOf } from './plan.ts';
import { forwardView } from './view.ts';

/** The machine of a plan, checked for nothing but its shape; `durable` checks the rest. */
export function compileSaga(plan: SagaPlan): AnyStateMachine {
  const zones = zonesOf(plan.blocks);
  const { output } = plan;
  const loops = loopsByStep(plan.blocks);
  const config: MachineShape = {
    id: plan.id,
    meta: { builder: { isConditional: isConditional(plan) } },
    context: ({ input }: { input: unknown }): SagaContext => ({
      input,
      results: {},
      tries: {},
      failure: null,
    }),
    initial: (['forward', 'pivot', 'finishing'] as const).find((name) => has(zones, name)),
    states: { ...forwardZones(plan, zones), ...backwardZone(plan, zones), ...finals(plan, zones) },
    ...(output === null
      ? {}
      : {
          output: ({ context, self }: Asking) =>
            isWhole(context, ledgerOf(self)) ? output(forwardView(context, loops)) : null,
        }),
  };
  return createMachine(config, implementationsOf(plan));
}

// XState asks for the output at every final state; only a completed saga has all the results.
function isWhole({ failure }: SagaContext, steps: readonly StepEntry[]): boolean {
  return failure === null && !wasGivenUp(steps);
}

function has({ forward, pivot, finishing }: Zones, zone: keyof Zones): boolean {
  switch (zone) {
    case 'forward':
      return forward.length > 0;
    case 'pivot':
      return pivot !== null;
    case 'finishing':
      return finishing.length > 0;
  }
}

// Where the way depends on results, they are part of what a state is; see `verify`.
function isConditional({ blocks }: SagaPlan): boolean {
  return everyBlock(blocks).some((each) =>
    each.block === 'step' || each.block === 'child'
      ? each.when !== null
      : each.block === 'choice' || each.block === 'loop',
  );
}

/** True for a saga that can turn back at all. */
function canTurnBack(zones: Zones): boolean {
  return has(zones, 'forward') || has(zones, 'pivot');
}

function placeIn({ id, blocks }: SagaPlan, zone: string): Place {
  const turnsBack = zone === 'forward' || zone === 'compensating';
  return { id: `${id}.${zone}`, sagaId: id, loops: loopsByStep(blocks), turnsBack };
}

function forwardZones(plan: SagaPlan, zones: Zones): object {
  const { id, deadlineMs } = plan;
  const completed = edge(`#${id}.completed`);
  // A saga in which a person gave something up says so by the state in which it ends.
  const endings = [guarded('hasGivenUp', edge(`#${id}.partially_completed`)), completed];
  const afterPivot: Edge = has(zones, 'finishing')
    ? edge(`#${id}.finishing`)
    : edge(`#${id}.ending`);
  const afterForward: Edge = has(zones, 'pivot')
    ? edge(`#${id}.pivot`)
    : has(zones, 'finishing')
      ? edge(`#${id}.finishing`)
      : completed;
  const zone = (name: string, blocks: Zones['forward'], onward: Edge, more: object = {}) => ({
    [name]: {
      initial: blocks[0]?.name,
      ...more,
      states: forwardStates(blocks, placeIn(plan, name), onward),
    },
  });
  const back = edge(`#${id}.compensating`, 'turnBack');
  const leaving = {
    on: { 'backstep.cancel': back, 'backstep.compensate': back },
    ...(deadlineMs === null ? {} : { after: { deadline: back } }),
  };
  const { forward, pivot, finishing } = zones;
  const isForwardOnly = pivot !== null || finishing.length > 0;
  return {
    ...(has(zones, 'forward') ? zone('forward', forward, afterForward, leaving) : {}),
    ...(pivot === null ? {} : zone('pivot', [pivot], afterPivot)),
    ...(finishing.length === 0 ? {} : zone('finishing', finishing, edge(`#${id}.ending`))),
    ...(isForwardOnly ? { ending: { entry: 'readLedger', always: endings } } : {}),
  };
}

function backwardZone(plan: SagaPlan, zones: Zones): object {
  if (!canTurnBack(zones)) return {};
  const { id, blocks } = plan;
  const ends = [
    ...(effectsIn(zones.forward).length === 0
      ? []
      : [guarded('hasGivenUp', edge(`#${id}.partially_compensated`))]),
    edge(`#${id}.compensated`),
  ];
  const states = backwardStates(blocks, placeIn(plan, 'compensating'), ends);
  return { compensating: { tags: ['compensating'], initial: 'next', states } };
}

function finals({ completed }: SagaPlan, zones: Zones): object {
  const final = { type: 'final' };
  return {
    completed: {
      ...final,
      tags: ['completed'],
      ...(completed === null ? {} : { entry: 'announceCompleted' }),
    },
    ...(canTurnBack(zones) ? { compensated: { ...final, tags: ['compensated'] } } : {}),
    ...(effectsIn(zones.forward).length === 0
      ? {}
      : { partially_compensated: { ...final, tags: ['compensation_failed'] } }),
    ...(has(zones, 'pivot') || has(zones, 'finishing')
      ? { partially_completed: { ...final, tags: ['failed'] } }
      : {}),
  };
}

/** The states are made by functions, beyond what XState's types can follow. */
interface MachineShape {
  readonly id: string;
  readonly meta: object;
  readonly context: (start: { readonly input: unknown }) => SagaContext;
  readonly initial: string | undefined;
  readonly states: Readonly<Record<string, object>>;
  readonly output?: (scene: Asking) => unknown;
}
