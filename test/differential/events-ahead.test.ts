/**
 * What the drawing says is ahead against what happens: on random walks, whatever event a machine
 * takes was ahead of every state that the walk came through before.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { isAhead, startNodes, type Way } from '../../src/core/machine/events-ahead.ts';
import { isReserved } from '../../src/core/turn/legal.ts';
import {
  acceptedEvents,
  activeNodes,
  enterMachine,
  stepMachine,
} from '../../src/core/machine/macrostep/scope.ts';
import { ALL_KINDS } from '../core/define/builder-sagas.ts';
import { DEMO_SAGAS } from '../fixtures/demo-sagas.ts';
import { orderSaga } from '../fixtures/order-saga.ts';
import { ACTIVITY_CASES } from './machines/with-activities.ts';
import { ACTOR_CASES } from './machines/with-actors.ts';
import { CLOCK_CASES } from './machines/with-clocks.ts';
import { EVENT_CASES } from './machines/with-events.ts';
import { GUARD_CASES } from './machines/with-guards.ts';

const SEED = 20_261_129;
const WALKS = 40;
const STEPS = 30;
const INPUT = { of: 'order-1', big: true, parcels: 2, lines: [], accounts: [{ kind: 'a' }] };

const CASES = { ...EVENT_CASES, ...GUARD_CASES, ...CLOCK_CASES, ...ACTIVITY_CASES, ...ACTOR_CASES };
const MACHINES: readonly (readonly [string, AnyStateMachine])[] = [
  ...[orderSaga, ...DEMO_SAGAS, ...ALL_KINDS].map(({ id, machine }) => [id, machine] as const),
  ...Object.entries(CASES).map(([name, { machine }]) => [name, machine] as const),
];

const choice = fc.record({ which: fc.nat(99), payload: fc.nat(99) });
const walk = fc.array(choice, { minLength: 1, maxLength: STEPS });
type Walk = readonly { readonly which: number; readonly payload: number }[];

/** Every event type from outside that was taken, with the snapshots that came before it. */
function takenOn(machine: AnyStateMachine, choices: Walk, way: Way) {
  const self = { id: 'saga-1', parentId: null, ledger: () => [] };
  const seen: AnyMachineSnapshot[] = [];
  const taken: { readonly type: string; readonly after: number }[] = [];
  try {
    let { snapshot } = enterMachine(machine, self, INPUT);
    for (const { which, payload } of choices) {
      if (snapshot.status !== 'active') break;
      seen.push(snapshot);
      const accepted = acceptedEvents(snapshot)
        .filter((type) => way === 'command' || !type.startsWith('backstep.'))
        .toSorted();
      const named = accepted[which % Math.max(1, accepted.length)];
      if (named === undefined) break;
      const event = eventOf(named, payload);
      if (!isReserved(event.type) && snapshot.can(event)) {
        taken.push({ type: event.type, after: seen.length });
      }
      ({ snapshot } = stepMachine(snapshot, self, event));
    }
  } catch {
    // The walk ends where the machine throws on a made-up event.
  }
  return { seen, taken };
}

function eventOf(named: string, payload: number): EventObject {
  const outputs = [null, { id: payload, kind: 'happened' }, { kind: 'never' }, { kind: 'unknown' }];
  const ambiguous = payload % 3 === 0;
  const error = { code: 'down', message: 'is down', retryable: payload % 2 === 0, ambiguous };
  const output = outputs[payload % outputs.length];
  const members = { output, error, actorId: 'x', reason: 'because', data: { id: payload } };
  return { type: named.replace(/\*$/, 'any'), ...members };
}

test.each(['drawing', 'command'] as const)('by the %s: nothing is taken that was not', (way) => {
  let count = 0;
  for (const [name, machine] of MACHINES) {
    const start = startNodes(machine);
    const property = fc.property(walk, (choices) => {
      const { seen, taken } = takenOn(machine, choices, way);
      count += taken.length;
      const missed = taken.flatMap(({ type, after }) => {
        const places = [start, ...seen.slice(0, after).map(activeNodes)];
        const wrong = places.find((nodes) => !isAhead(nodes, type, way));
        return wrong === undefined ? [] : [`${name}: ${type} from ${wrong.at(-1)?.id}`];
      });
      expect(missed).toEqual([]);
    });
    fc.assert(property, { seed: SEED, numRuns: WALKS });
  }
  expect(count).toBeGreaterThan(1_000);
});
