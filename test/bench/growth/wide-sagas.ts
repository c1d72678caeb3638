/** Sagas of any length and width, for what has to stay flat as they grow. */
import { assign, createMachine } from 'xstate';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';

type Anything = Record<string, (input: unknown) => unknown>;

/** A saga whose activities are called `work` and `undo`, whatever its steps are. */
export type WideSaga = SagaDefinition<Anything>;

/** What of a draft these sagas use; its own types would grow with every step. */
interface Draft {
  step(name: string, step: object): Draft;
  child(name: string, child: object): Draft;
  wait(name: string, wait: object): Draft;
  parallel(name: string, branches: Record<string, (part: Draft) => Draft>): Draft;
  build(): WideSaga;
}

const nothing = (): object => ({});

function draft(id: string): Draft {
  return defineSaga({ id, input: z.any(), activities: {} as Anything }) as unknown as Draft;
}

function stepOf(part: Draft, nth: number): Draft {
  return part.step(`step${nth}`, {
    activity: 'work',
    input: () => ({ nth }),
    compensate: { activity: 'undo', input: nothing },
  });
}

const numbers = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, nth) => nth);

function sideBySide(id: string, count: number, add: (part: Draft, nth: number) => Draft) {
  const branches = numbers(count).map(
    (nth) => [`branch${nth}`, (part: Draft) => add(part, nth)] as const,
  );
  return draft(id).parallel('all', Object.fromEntries(branches)).build();
}

function briefly(id: string): Draft {
  return draft(id).wait('wait', { on: { go: 'continue' }, within: '1s', onExpired: 'continue' });
}

/** So many steps, one after the other. */
export function chainOf(steps: number): WideSaga {
  return numbers(steps)
    .reduce(stepOf, draft(`chain${steps}`))
    .build();
}

/** So many steps side by side. */
export function fanOf(branches: number): WideSaga {
  return sideBySide(`fan${branches}`, branches, stepOf);
}

/** What each child of `familyOf` is. */
export const child = stepOf(draft('child'), 0).build();

/** So many children side by side. */
export function familyOf(children: number): WideSaga {
  return sideBySide(`family${children}`, children, (part, nth) =>
    part.child(`child${nth}`, {
      saga: child,
      input: nothing,
      compensate: { activity: 'undo', input: nothing },
    }),
  );
}

/** A wait that nobody ends, unless by `go`. */
export const waiting = draft('waiting')
  .wait('wait', { on: { go: 'continue' }, within: '90d' })
  .build();

/** A wait that is soon over. */
export const brief = briefly('brief').build();

/** The same, and then four steps. */
export const briefThenFour = numbers(4).reduce(stepOf, briefly('brief4')).build();

/** A child that ends, and a wait that does not: the child must stay as long. */
export const parentOf = draft('parent')
  .child('child', {
    saga: child,
    input: nothing,
    compensate: { activity: 'undo', input: nothing },
  })
  .wait('wait', { on: { go: 'continue' }, within: '90d' })
  .build();

/** Counts events, for ever. */
export const ticking: WideSaga = durable(
  createMachine({
    id: 'ticking',
    context: { ticks: 0 },
    on: { tick: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
  }),
);
