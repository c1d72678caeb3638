/**
 * Model-based: paths generated from the order machine by xstate/graph, replayed through the core
 * with every state persisted and restored between two events.
 */
import { type AnyEventObject, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';
import { describe, expect, test } from 'vitest';
import { OrderInput, orderSaga } from '../../machines/order.ts';
import type { SagaContext } from '../../src/core/builder/context.ts';
import type { SagaDefinition } from '../../src/core/definition.ts';
import type { Failure } from '../../src/core/failure.ts';
import { COMMAND_EVENTS } from '../../src/core/legal.ts';
import { nodesOf } from '../../src/core/machine-nodes.ts';
import { NO_RETRY } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/saga.ts';
import { isSettled } from '../../src/core/status.ts';
import { BUSY, LOST, ORDER, REFUSED, SagaDriver } from './saga-driver.ts';

const COMMANDS = ['cancel', 'retry', 'skip', 'compensate', 'accept-partial'] as const;

const PROBED = [
  { kind: 'happened', output: { id: 'found' } },
  { kind: 'never' },
  { kind: 'unknown' },
];

/** Every event that can reach the machine from outside its own turn. */
function eventsOf(definition: SagaDefinition): AnyEventObject[] {
  const events: AnyEventObject[] = COMMANDS.map((name) => ({ type: COMMAND_EVENTS[name] }));
  for (const [id, { direction }] of definition.invokes) {
    const outputs = direction === 'probe' ? PROBED : [{ id }];
    for (const output of outputs) {
      events.push({ type: `xstate.done.actor.${id}`, output, actorId: id });
    }
    for (const error of [REFUSED, BUSY, LOST]) {
      events.push({ type: `xstate.error.actor.${id}`, error, actorId: id });
    }
  }
  for (const timer of definition.timers.keys()) events.push({ type: timer });
  return events;
}

// What the future of a saga depends on; results and messages only multiply the states.
function essence(snapshot: AnyMachineSnapshot): string {
  const { owed, tries, hasGivenUp } = snapshot.context as SagaContext;
  return JSON.stringify([snapshot.value, owed, tries, hasGivenUp]);
}

function options(definition: SagaDefinition, leftOut: readonly string[] = []) {
  return {
    input: ORDER,
    events: eventsOf(definition).filter(({ type }) => !leftOut.includes(type)),
    serializeState: essence,
    stopWhen: (snapshot: AnyMachineSnapshot) => snapshot.status === 'done',
  };
}

/** The events of a path, without the start that the driver makes by itself. */
function eventsAlong(path: { steps: readonly { event: AnyEventObject }[] }): AnyEventObject[] {
  return path.steps.map(({ event }) => event).filter(({ type }) => type !== 'xstate.init');
}

function replay(definition: SagaDefinition, events: readonly AnyEventObject[]): SagaDriver {
  const saga = new SagaDriver(definition, ORDER);
  for (const event of events) take(saga, event);
  return saga;
}

function take(saga: SagaDriver, event: AnyEventObject): void {
  const [, direction, activity = ''] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(event.type) ?? [];
  if (direction === 'done') saga.done(activity, event['output']);
  else if (direction === 'error') saga.fail(activity, event['error'] as Failure);
  else if (event.type.startsWith('xstate.after.')) saga.fireTimer(event.type);
  const command = COMMANDS.find((name) => COMMAND_EVENTS[name] === event.type);
  if (command !== undefined) saga.command(command);
}

/** What must hold whatever happened. */
function expectSound(saga: SagaDriver, live: AnyMachineSnapshot): void {
  expect(essence(saga.state.snapshot)).toBe(essence(live));
  const undone = saga.started.filter((each) => UNDOES.has(each));
  const steps = [...new Set(undone.map((each) => UNDOES.get(each)))];
  const hasSkipped = saga.state.steps.some(({ status }) => status === 'skipped');
  if (hasSkipped) expect(saga.state.status).not.toBe('compensated');
  const startOrder = saga.state.steps.map((step) => step.name);
  expect(steps).toEqual(startOrder.filter((step) => steps.includes(step)).toReversed());
  if (saga.state.status === 'compensated') {
    for (const step of saga.state.steps) expect(['compensated', 'failed']).toContain(step.status);
  }
  if (saga.state.status === 'completed') {
    for (const step of saga.state.steps) expect(step.status).toBe('completed');
  }
  if (!isSettled(saga.state.status)) {
    const { activities, timers } = saga.state.live;
    expect(Object.keys(activities).length + Object.keys(timers).length).toBeGreaterThan(0);
  }
}

const UNDOES = new Map(orderSaga.steps.map((step) => [step.compensation ?? '', step.name]));

/** Transitions of the machine that no event of the paths takes. */
function untaken(machine: AnyStateMachine, taken: ReadonlySet<unknown>): string[] {
  return nodesOf(machine).flatMap((node) =>
    [...node.transitions.values()]
      .flat()
      .filter((transition) => !taken.has(transition))
      .map((transition) => `${node.id}: ${transition.eventType}`),
  );
}

describe('the order machine', () => {
  const paths = getShortestPaths(orderSaga.machine, options(orderSaga));

  test('has every edge on a generated path', () => {
    const taken = new Set<unknown>();
    for (const { steps } of paths) {
      let snapshot: AnyMachineSnapshot | null = null;
      for (const { state, event } of steps) {
        if (snapshot !== null) {
          for (const each of orderSaga.machine.getTransitionData(snapshot, event)) taken.add(each);
        }
        snapshot = state;
      }
    }
    // Shortest paths visit each state once; edges into known states are tried from every state.
    for (const { state } of paths) {
      for (const event of eventsOf(orderSaga)) {
        if (state.status !== 'active') continue;
        for (const each of orderSaga.machine.getTransitionData(state, event)) taken.add(each);
      }
    }
    expect(untaken(orderSaga.machine, taken)).toEqual([]);
    expect(paths.length).toBeGreaterThan(100);
  });

  test('comes to the same state through the core, restored between all events', () => {
    for (const path of paths) {
      const events = eventsAlong(path);
      expectSound(replay(orderSaga, events), path.state);
    }
  });

  test('takes every possible event from every state it can be in, and stays sound', () => {
    let edges = 0;
    for (const path of paths) {
      if (path.state.status !== 'active') continue;
      const events = eventsAlong(path);
      for (const event of eventsOf(orderSaga)) {
        if (orderSaga.machine.getTransitionData(path.state, event).length === 0) continue;
        const saga = replay(orderSaga, events);
        const before = saga.state.seq;
        take(saga, event);
        expect(saga.state.seq).toBe(before + 1);
        expectSound(saga, saga.state.snapshot);
        edges += 1;
      }
    }
    expect(edges).toBeGreaterThan(500);
  });
});

describe('an order machine with a single attempt per activity', () => {
  const once = singleAttempt();
  // What a person may do at any time only multiplies the paths; its edges are taken above.
  const leftOut = [
    COMMAND_EVENTS.skip,
    COMMAND_EVENTS.compensate,
    COMMAND_EVENTS['accept-partial'],
  ];
  const paths = getSimplePaths(once.machine, options(once, leftOut)).filter(
    ({ state }) => state.status === 'done',
  );

  test('ends well on all simple paths', () => {
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) {
      const events = eventsAlong(path);
      const saga = replay(once, events);
      expectSound(saga, path.state);
      expect(['completed', 'compensated']).toContain(saga.state.status);
    }
  });
});

/** Steps and compensations named as in the order saga, one attempt each. */
function singleAttempt(): SagaDefinition {
  type Any = Record<string, (input: unknown) => unknown>;
  let draft = defineSaga<Any>()({ id: 'order', input: OrderInput, deadline: '5m' });
  for (const { name, compensation } of orderSaga.steps) {
    draft = draft.step(name, {
      input: () => null,
      retry: NO_RETRY,
      compensate: { activity: compensation ?? '', input: () => null, retry: NO_RETRY },
    });
  }
  return draft.build();
}
