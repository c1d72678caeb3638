/** An emitted event that nobody subscribes to is told of: at registration, and when it is dropped. */
import { expect, onTestFinished, test } from 'vitest';
import { emit, enqueueActions, setup } from 'xstate';
import { z } from 'zod';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { Backstep, Subscriber } from '../../../src/host/backstep.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { subscriptionFaults } from '../../../src/host/subscription-check.ts';
import { type Logger, silentLogger } from '../../../src/host/turn-log.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';

const kit = setup({
  actors: { work: activity<null, null>() },
  actions: {
    packed: emit({ type: 'packed' }),
    told: emit(() => ({ type: 'told-1' })),
    perhaps: enqueueActions(() => {}),
  },
});
const machine = (...entry: readonly ('packed' | 'told' | 'perhaps')[]) =>
  kit.createMachine({ id: 'parcel', entry: [...entry] });
const hear: Subscriber = () => {};

test.each([
  ['every type has a subscriber', ['packed'], ['packed'], []],
  [
    'a name is misspelt',
    ['packed'],
    ['pakced'],
    [
      'saga "parcel" emits "packed" and nobody subscribes to it: every one is dropped (did you mean "pakced"?)',
      'saga "parcel" never emits "pakced": its subscriber is never called (did you mean "packed"?)',
    ],
  ],
  [
    'nothing is emitted',
    [],
    ['packed'],
    ['saga "parcel" never emits "packed": its subscriber is never called'],
  ],
  [
    'an event made at run time has nobody',
    ['told'],
    [],
    ['saga "parcel" emits events (told) and has no subscribers: all are dropped'],
  ],
  ['one made at run time may be for any of them', ['told'], ['told-1'], []],
  ['an action decides at run time', ['perhaps'], ['anything'], []],
  ['nothing is emitted and nobody listens', [], [], []],
] as const)('where %s', (_, actions, subscribed, faults) => {
  const subscribers = Object.fromEntries(subscribed.map((type) => [type, hear]));
  const definition = { id: 'parcel', machine: machine(...actions) };
  expect(subscriptionFaults(definition, { subscribers })).toEqual(faults);
});

type Calls = { work: (input: null) => null };
const input = (): null => null;
const noting = (version: number) =>
  defineSaga({ id: 'noting', version, input: z.null(), activities: {} as Calls })
    .step('work', { kind: 'pivot', input })
    .emitOnCompleted(() => ({ type: 'done' }))
    .build();
const activities = { work: () => null };

type Line = readonly [message: string, details: object];

function heardBy(lines: Line[]): Logger {
  const warn = (details: object, message: string): void => void lines.push([message, details]);
  return { ...silentLogger, isLevelEnabled: () => true, warn };
}

async function open(logger: Logger): Promise<Backstep> {
  const options = { database: temporaryDatabase(), logger, verifyAtRegistration: 'off' } as const;
  const backstep = await openBackstep(options);
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

async function complete(backstep: Backstep): Promise<void> {
  const { id } = await backstep.spawn('noting', { input: null });
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
}

/** Resolves once so many events were dropped, with what waits to be delivered. */
async function leftAfter(backstep: Backstep, count: number): Promise<readonly unknown[]> {
  while (backstep.figures().unheardEvents < count) await new Promise(setImmediate);
  return backstep.store.reader().selectFrom('outbox').selectAll().execute();
}

test('the log says so once the engine is ready, for the subscribers of the newest version', async () => {
  const lines: Line[] = [];
  const backstep = await open(heardBy(lines));
  const heard = Promise.withResolvers<void>();
  backstep.register(noting(1), { activities });
  backstep.register(noting(2), { activities, subscribers: { done: () => heard.resolve() } });
  backstep.register(durable(machine('packed')), { activities: {} });
  expect(lines).toEqual([]);
  await backstep.start();
  expect(lines).toEqual([
    [
      'saga "parcel" emits "packed" and nobody subscribes to it: every one is dropped',
      { saga: 'parcel', version: 1 },
    ],
  ]);
  await complete(backstep);
  await heard.promise;
  expect(backstep.figures().unheardEvents).toBe(0);
});

test('what is dropped is counted, and told once for each type', async () => {
  const lines: Line[] = [];
  const backstep = await open(heardBy(lines));
  backstep.register(noting(1), { activities, subscribers: { dnoe: hear } });
  await backstep.start();
  for (let count = 0; count < 3; count++) await complete(backstep);
  expect(await leftAfter(backstep, 3)).toEqual([]);
  expect(lines).toEqual([
    [
      'an emitted event was dropped: nobody subscribes to its type; further ones are counted only',
      { saga: 'noting', event: 'done', subscribed: ['dnoe'] },
    ],
  ]);
});

test('a log that cannot be written holds nothing up', async () => {
  const warn = (): never => {
    throw new Error('the log disk is full');
  };
  const backstep = await open({ ...silentLogger, isLevelEnabled: () => true, warn });
  backstep.register(noting(1), { activities });
  await backstep.start();
  await complete(backstep);
  expect(await leftAfter(backstep, 1)).toEqual([]);
});
