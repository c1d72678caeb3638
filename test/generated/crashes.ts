/**
 * Generated sagas under `crashEverywhere`: in a world by chance, where one or two activities are in
 * trouble and callers send what they may. A failure is a defect of the engine.
 */
import type { EventObject } from 'xstate';
import { legalEvents } from '../../src/core/turn/legal.ts';
import {
  crashEverywhere,
  type CrashReport,
  type CrashWorld,
} from '../../src/testing/crash-everywhere.ts';
import {
  FakeActivities,
  type FakeOptions,
  type FakeOutcome,
} from '../../src/testing/fake-activities.ts';
import { openTestEngine } from '../../src/testing/test-engine.ts';
import { answersOf } from './built-saga.ts';
import { Dice } from './dice.ts';
import { blocksOf, type SagaSketch } from './sketch.ts';
import { type Subject, subjectOf } from './subject.ts';

/** A generated saga that was killed everywhere. */
export interface Crashed {
  readonly style: string;
  readonly sketch: SagaSketch;
  /** `null` where it did not come through. */
  readonly report: CrashReport | null;
  /** What went wrong, and in which world; `null`: nothing. */
  readonly failure: string | null;
}

/** Most that callers send; an answer may lead back to the same wait. */
const MAX_EVENTS = 8;

/** Kills the saga of a seed at every point, for every choice of up to so many crashes. */
export async function crashSubject(seed: number, maxCrashes: 1 | 2): Promise<Crashed> {
  const subject = subjectOf(seed);
  const { style, sketch, definition } = subject;
  const world = worldOf(subject);
  try {
    const events = await eventsIn(subject, world);
    const options = { maxCrashes, print: () => {} };
    const report = await crashEverywhere(definition, { ...world, events }, options);
    return { style, sketch, report, failure: null };
  } catch (error) {
    const failure = `seed ${seed}, ${style}: ${String(error)}\n    in ${JSON.stringify(world)}`;
    return { style, sketch, report: null, failure };
  }
}

function worldOf({ seed, sketch, definition }: Subject): CrashWorld {
  const dice = new Dice(`${seed}/world`);
  const sagas = blocksOf(sketch).flatMap((each) => (each.block === 'child' ? [each.saga] : []));
  return {
    ...troubleOf(definition.activities, sketch, dice),
    input: { orderId: 'order-1', quantity: sketch.quantity },
    children: Object.fromEntries(sagas.map((saga) => [saga.id, troubleOfChild(saga, dice)])),
    // A parent stands still until its child has been seen to.
    person: Object.fromEntries(sagas.map(({ id }) => [id, 'retry' as const])),
  };
}

/** How the activities of a saga behave: most of them well. */
function troubleOf(activities: readonly string[], sketch: SagaSketch, dice: Dice): FakeOptions {
  const script: Record<string, readonly FakeOutcome[]> = {};
  const always: Record<string, FakeOutcome> = {};
  for (const name of activities) {
    if (dice.isLucky(0.2)) script[name] = [drawOutcome(dice)];
    if (dice.isLucky(name.startsWith('undo-') ? 0.1 : 0.2)) always[name] = drawOutcome(dice);
  }
  const outputs = Object.fromEntries(
    Object.entries(answersOf(sketch)).map(([step, answers]) => [step, dice.pick(answers)]),
  );
  return { script, always, outputs };
}

function drawOutcome(dice: Dice): FakeOutcome {
  return dice.weighed({
    fail: 2,
    permanent: 3,
    lost: 1,
    'applied-then-lost': 2,
    hang: 1,
    'applied-then-hang': 1,
  });
}

/** Only what a person who tries again can mend. */
function troubleOfChild({ blocks }: SagaSketch, dice: Dice): FakeOptions {
  const [first] = blocks;
  return first?.block === 'step' && dice.isLucky(0.3)
    ? { always: { [first.name]: 'permanent' } }
    : {};
}

/** What callers send, each where the saga waits for it when nothing is killed. */
async function eventsIn(
  { seed, definition }: Subject,
  { children = {}, input, ...options }: CrashWorld,
): Promise<readonly EventObject[]> {
  const dice = new Dice(`${seed}/events`);
  const engine = await openTestEngine(definition, new FakeActivities(definition, options));
  for (const child of Object.values(definition.children)) {
    engine.register(child, new FakeActivities(child, children[child.id]));
  }
  const events: EventObject[] = [];
  try {
    const id = await engine.spawn(input);
    while (events.length < MAX_EVENTS) {
      const { status, state } = await engine.settledOr(id, 'waiting');
      if (status !== 'waiting' || dice.isLucky(0.1)) break;
      const event = { type: dice.pick(legalEvents(state)) };
      events.push(event);
      await engine.send(id, event);
    }
  } finally {
    engine.close();
  }
  return events;
}
