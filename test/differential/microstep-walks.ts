/** Random walks of a machine, taken by the table of microsteps and by XState's own interpreter at once. */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  createMachine,
  type EventObject,
} from 'xstate';
import { ActorRef } from '../../src/core/machine/actors/actor-ref.ts';
import {
  type ExecutableAction,
  toCommand,
} from '../../src/core/machine/macrostep/action-command.ts';
import { tableStart, tableStep } from '../../src/core/machine/macrostep/microstep-run.ts';
import { tableOf, tableRestore } from '../../src/core/machine/macrostep/microstep-table.ts';
import { type PersistedMachine, persistMachine } from '../../src/core/machine/persisted-machine.ts';
import { acceptedEvents, canTakeEvent } from '../../src/core/machine/macrostep/scope.ts';
import { ALL_KINDS } from '../core/define/builder-sagas.ts';
import { DEMO_SAGAS } from '../fixtures/demo-sagas.ts';
import { orderSaga } from '../fixtures/order-saga.ts';
import { SOUND } from '../fixtures/sound-sagas.ts';
import { plain } from './case.ts';
import { ACTIVITY_CASES } from './machines/with-activities.ts';
import { ACTOR_CASES } from './machines/with-actors.ts';
import { CLOCK_CASES } from './machines/with-clocks.ts';
import { EVENT_CASES } from './machines/with-events.ts';
import { GUARD_CASES } from './machines/with-guards.ts';

const SEED = 20_261_125;
export const WALKS = 40;
const STEPS = 40;

const CASES = { ...EVENT_CASES, ...GUARD_CASES, ...CLOCK_CASES, ...ACTIVITY_CASES, ...ACTOR_CASES };

export const OF_SAGAS: readonly (readonly [string, AnyStateMachine])[] = [
  ...ALL_KINDS.map(({ id, machine }) => [id, machine] as const),
  ...DEMO_SAGAS.map(({ id, machine }) => [`demo: ${id}`, machine] as const),
  ['order', orderSaga.machine],
  ...Object.entries(SOUND).map(([name, { machine }]) => [`sound: ${name}`, machine] as const),
];

export const OF_CASES = Object.entries(CASES).map(
  ([name, { machine }]) => [name, machine] as const,
);

const INPUT = { of: 'order-1', big: true, parcels: 2, lines: [], accounts: [{ kind: 'a' }] };

interface Choice {
  readonly which: number;
  readonly payload: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({ which: fc.nat(99), payload: fc.nat(99) });
const walk = fc.array(choice, { minLength: 1, maxLength: STEPS });

/** What is seen of a step, by whichever way it was made. */
function sightOf(snapshot: AnyMachineSnapshot, commands: readonly unknown[]) {
  const { status, tags } = snapshot;
  return {
    status,
    value: plain(snapshot.value),
    context: plain(snapshot.context),
    output: plain(snapshot.output),
    tags: [...tags].toSorted(),
    children: Object.keys(snapshot.children as object).toSorted(),
    accepted: [...acceptedEvents(snapshot)].toSorted(),
    commands: plain(commands),
  };
}

/** XState's interpreter, with the saga as `self`. */
class Oracle {
  readonly #machine: AnyStateMachine;
  readonly #scope: Parameters<AnyStateMachine['transition']>[2];
  #actions: ExecutableAction[] = [];

  constructor(machine: AnyStateMachine, id: string) {
    const inert = createActor(createMachine({}));
    const { system } = inert;
    const self = Object.assign(Object.create(inert) as typeof inert, { id });
    const ignore = (): void => undefined;
    const actionExecutor = (action: ExecutableAction): void => void this.#actions.push(action);
    const rest = { logger: ignore, defer: ignore, stopChild: ignore, emit: ignore };
    this.#machine = machine;
    this.#scope = { self, id, sessionId: id, system, actionExecutor, ...rest };
  }

  start(input: unknown) {
    return this.#sight(() => this.#machine.getInitialSnapshot(this.#scope, input));
  }

  step(snapshot: AnyMachineSnapshot, event: EventObject) {
    return this.#sight(() => this.#machine.transition(snapshot, event, this.#scope));
  }

  #sight(take: () => AnyMachineSnapshot) {
    this.#actions = [];
    const snapshot = take();
    const where = (): string => this.#machine.id;
    const commands = this.#actions.map((each) =>
      toCommand(this.#machine, this.#scope.self, each, where),
    );
    return { snapshot, commands: commands.filter((each) => each !== null) };
  }
}

function eventFor(accepted: readonly string[], { which, payload }: Choice): EventObject {
  const named = accepted[which % (accepted.length + 1)] ?? 'xstate.done.actor.nobody';
  const type = named === '*' ? 'anything' : named;
  const ambiguous = payload % 3 === 0;
  const error = { code: 'down', message: 'is down', retryable: payload % 2 === 0, ambiguous };
  const outputs = [null, { id: payload, kind: 'happened' }, { kind: 'never' }, { kind: 'unknown' }];
  const steps = [undefined, 'charge', 'a', 'second'];
  const step = steps[payload % steps.length];
  const event = {
    type,
    output: outputs[payload % outputs.length],
    error,
    actorId: 'x',
    reason: 'because',
    data: { id: payload },
    ...(step === undefined ? {} : { step }),
  };
  return event;
}

interface Tally {
  byTable: number;
  restored: number;
  steps: number;
}

type Attempt<T> = { readonly kind: 'made'; readonly made: T } | { readonly kind: 'threw' };

function attempt<T>(make: () => T): Attempt<T> {
  try {
    return { kind: 'made', made: make() };
  } catch {
    return { kind: 'threw' };
  }
}

/** As after a restart, from the stored form; `null` where the table leaves it to XState. */
function restoredByTable(machine: AnyStateMachine, snapshot: AnyMachineSnapshot) {
  const children = Object.entries(snapshot.children as Readonly<Record<string, unknown>>);
  const invoked = children.filter((each): each is [string, ActorRef] => {
    return each[1] instanceof ActorRef;
  });
  if (invoked.length < children.length) return null;
  const stored = plain(persistMachine(snapshot, Object.fromEntries(invoked))) as PersistedMachine;
  return tableRestore(machine, stored, Object.fromEntries(invoked));
}

/** Walks both ways at once, from the interpreter's snapshot and from the table's own. */
function walkBoth(machine: AnyStateMachine, choices: readonly Choice[], tally: Tally): void {
  const self = { id: 'saga-1' };
  const interpreter = new Oracle(machine, self.id);
  let oracle = interpreter.start(INPUT);
  if (oracle.snapshot.status === 'error') return; // such a saga is refused before its first turn
  let table = attempt(() => tableStart(machine, self, INPUT));
  for (let step = 0; ; step++) {
    tally.steps += 1;
    expect(table.kind).toBe('made');
    if (table.kind === 'made' && table.made !== null) {
      tally.byTable += 1;
      const { snapshot, commands } = table.made;
      expect(sightOf(snapshot, commands)).toEqual(sightOf(oracle.snapshot, oracle.commands));
    }
    const chosen = choices[step];
    const before = oracle.snapshot;
    if (chosen === undefined || before.status !== 'active') return;
    const event = eventFor(acceptedEvents(before).toSorted(), chosen);
    // The table's own snapshot where there is one: what it leaves behind must carry it on.
    const own = table.kind === 'made' ? (table.made?.snapshot ?? before) : before;
    const restored = restoredByTable(machine, own);
    if (restored !== null) {
      tally.restored += 1;
      expect(sightOf(restored, [])).toEqual(sightOf(before, []));
    }
    expect(attempt(() => canTakeEvent(own, event))).toEqual(attempt(() => before.can(event)));
    const next = attempt(() => interpreter.step(before, event));
    table = attempt(() => tableStep(restored ?? own, self, event));
    if (next.kind === 'threw') {
      expect(table.kind === 'threw' || table.made === null).toBe(true);
      return;
    }
    oracle = next.made;
  }
}

/** Walks of what microstep-wide.ts takes, however few states the machine is in. */
export function walkAsWide(machine: AnyStateMachine): Tally {
  const table = tableOf(machine);
  if (table === null) return walkOften(machine);
  const { wideFrom } = table;
  table.wideFrom = 0;
  try {
    return walkOften(machine);
  } finally {
    table.wideFrom = wideFrom;
  }
}

/** So many walks, the same ones each time. */
export function walkOften(machine: AnyStateMachine): Tally {
  const tally = { byTable: 0, restored: 0, steps: 0 };
  const property = fc.property(walk, (choices) => walkBoth(machine, choices, tally));
  fc.assert(property, { seed: SEED, numRuns: WALKS });
  return tally;
}
