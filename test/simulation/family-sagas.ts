/**
 * Families for the simulation: a group runs a team, which runs a job; each has a pivot and goes on
 * after it, so that a person settles what failed there. A guild runs a child that does not handle
 * the failure of one of its steps.
 */
import { setup, spawnChild } from 'xstate';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/define/saga.ts';
import {
  after,
  asked,
  BlockInput,
  last,
  type Receipt,
  undoneBy,
  type Unwork,
  type Work,
} from './block-sagas.ts';

type Do = (input: Work) => Receipt;
type Undo = (input: Unwork) => null;

/** Hardly any attempts, then a person decides. */
const few = exponential({ first: '2s', attempts: 2 });
const backward = { retry: exponential({ first: '1s', attempts: 2 }) } as const;

/** Without a deadline of its own a parent waits for whatever a person makes of its child. */
const options = <Id extends string>(id: Id, deadline?: `${number}s`) =>
  ({
    id,
    input: BlockInput,
    ...(deadline === undefined ? {} : { deadline }),
    examples: { input: { orderId: 'order-1', quantity: 1 } },
  }) as const;

interface Start {
  readonly input: { readonly orderId: string; readonly quantity: number };
}

/** Prepared, committed, then shipped whatever it takes. */
export const jobSaga = defineSaga({
  ...options('job', '20s'),
  activities: {} as { prepare: Do; discard: Undo; commit: Do; ship: Do },
})
  .step('prepare', {
    ...asked,
    compensate: { ...undoneBy('discard', 'prepare'), ...backward },
  })
  .step('commit', { ...last, retry: few })
  .step('ship', { ...after, retry: few })
  .output(({ results }) => ({ key: results.prepare.key }))
  .build();

export const teamSaga = defineSaga({
  ...options('team'),
  activities: {} as {
    open: Do;
    close: Undo;
    takeBackJob: Undo;
    seal: Do;
    tell: Do;
  },
})
  .step('open', { ...asked, compensate: { ...undoneBy('close', 'open'), ...backward } })
  .child('job', {
    saga: jobSaga,
    input: ({ input }: Start) => input,
    compensate: { ...undoneBy('takeBackJob', 'job'), ...backward },
  })
  .step('seal', { ...last, retry: few })
  .step('tell', { ...after, retry: few })
  .output(({ results }) => ({ key: results.open.key }))
  .build();

export const groupSaga = defineSaga({
  ...options('group'),
  activities: {} as {
    reserve: Do;
    release: Undo;
    takeBackTeam: Undo;
    settle: Do;
    notify: Do;
  },
})
  .step('reserve', { ...asked, compensate: { ...undoneBy('release', 'reserve'), ...backward } })
  .child('team', {
    saga: teamSaga,
    input: ({ input }: Start) => input,
    compensate: { ...undoneBy('takeBackTeam', 'team'), ...backward },
  })
  .step('settle', { ...last, retry: few })
  .step('notify', { ...after, retry: few })
  .build();

type Facts = { readonly orderId: string; readonly quantity: number };

const kit = setup({
  types: {
    context: {} as { readonly input: Facts },
    input: {} as Facts,
  },
  actors: {
    lay: activity<Work, Receipt>(),
    lift: activity<Unwork, null>(),
    fire: activity<Work, Receipt>(),
    quench: activity<Unwork, null>(),
  },
  delays: { 'lay.timeout': 3_000, 'lift.timeout': 3_000, 'quench.timeout': 3_000 },
});

const work = ({ context }: { readonly context: { readonly input: Facts } }): Work => ({
  orderId: context.input.orderId,
  round: 1,
});
const unwork = (scene: { readonly context: { readonly input: Facts } }): Unwork => ({
  ...work(scene),
  brought: null,
});
const person = { 'backstep.skip': 'given_up', 'backstep.accept-partial': 'given_up' } as const;

/** Lays, then fires, and does not handle that the firing fails. */
export const brittleSaga = durable<{ lay: Do; lift: Undo; fire: Do; quench: Undo }, Facts, Receipt>(
  kit.createMachine({
    id: 'brittle',
    context: ({ input }) => ({ input }),
    initial: 'laying',
    states: {
      laying: {
        meta: { step: 'lay' },
        invoke: { id: 'lay', src: 'lay', input: work, onDone: 'firing', onError: 'lifting' },
        after: { 'lay.timeout': 'lifting' },
        on: { 'backstep.cancel': 'lifting' },
      },
      firing: {
        meta: { step: 'fire' },
        invoke: { id: 'fire', src: 'fire', input: work, onDone: 'done' },
        on: { 'backstep.cancel': 'quenching' },
      },
      quenching: {
        tags: ['compensating'],
        meta: { compensates: 'fire' },
        invoke: {
          id: 'quench',
          src: 'quench',
          input: unwork,
          onDone: 'lifting',
          onError: 'unquenched',
        },
        after: { 'quench.timeout': 'unquenched' },
      },
      unquenched: {
        tags: ['compensation_failed'],
        on: { 'backstep.retry': 'quenching', ...person },
      },
      lifting: {
        tags: ['compensating'],
        meta: { compensates: 'lay' },
        invoke: {
          id: 'lift',
          src: 'lift',
          input: unwork,
          onDone: 'compensated',
          onError: 'unlifted',
        },
        after: { 'lift.timeout': 'unlifted' },
      },
      unlifted: { tags: ['compensation_failed'], on: { 'backstep.retry': 'lifting', ...person } },
      done: { type: 'final' },
      compensated: { type: 'final', tags: ['compensated'] },
      given_up: { type: 'final', tags: ['compensation_failed'] },
    },
    output: { key: 'fired' },
  }),
  { examples: { input: { orderId: 'order-1', quantity: 1 } }, input: BlockInput },
);

/** One search; whoever is sent again leaves the one under way. */
export const searchSaga = defineSaga({
  ...options('search', '20s'),
  activities: {} as { search: Do; abandon: Undo },
})
  .step('search', { ...asked, compensate: { ...undoneBy('abandon', 'search'), ...backward } })
  .build();

const facts = ({ context }: { readonly context: { readonly input: Facts } }): Facts =>
  context.input;
const scouting = setup({
  types: { context: {} as { readonly input: Facts }, input: {} as Facts },
  actors: { search: searchSaga.machine },
  delays: { rest: 5_000 },
  actions: { sendOut: spawnChild('search', { id: 'scout', input: facts }) },
});

/** Sends a scout out, and another one whenever it is told to, until one comes back. */
export const scoutSaga = durable<Record<never, never>, Facts>(
  scouting.createMachine({
    id: 'scout',
    context: ({ input }) => ({ input }),
    initial: 'away',
    states: {
      away: {
        tags: ['waiting'],
        entry: 'sendOut',
        on: {
          again: { target: 'away', reenter: true },
          'xstate.done.actor.scout': 'back',
          'xstate.error.actor.scout': 'resting',
        },
      },
      resting: { after: { rest: 'away' } },
      back: { type: 'final' },
    },
  }),
  { examples: { input: { orderId: 'order-1', quantity: 1 } }, children: { search: searchSaga } },
);

/** Its child may end in an error. */
export const guildSaga = defineSaga({
  ...options('guild', '40s'),
  activities: {} as { admit: Do; expel: Undo; douse: Undo; crown: Do },
})
  .step('admit', { ...asked, compensate: { ...undoneBy('expel', 'admit'), ...backward } })
  .child('brittle', {
    saga: brittleSaga,
    input: ({ input }: Start) => input,
    compensate: { ...undoneBy('douse', 'brittle'), ...backward },
  })
  .step('crown', { ...last, retry: few })
  .build();
