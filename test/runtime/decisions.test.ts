/** What people decide and what comes at odd times: pause, skip, probes, events before their time. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { activity, type ProbeAnswer } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import { isFailure, PermanentError } from '../../src/core/failure.ts';
import { EngineHarness } from './engine-harness.ts';

type Payment = { readonly order: string };
type Receipt = { readonly receipt: string };
type PaymentActivities = {
  charge: (input: Payment) => Receipt;
  findCharge: (input: Payment) => ProbeAnswer<Receipt>;
  refund: (input: Payment) => null;
};

const input = ({ context }: { context: Payment }): Payment => ({ order: context.order });

const machine = setup({
  types: {
    context: {} as Payment & Receipt,
    input: {} as Payment,
    events: {} as { type: 'approve' } | { type: 'backstep.cancel' | 'backstep.skip' },
  },
  actors: {
    charge: activity<Payment, Receipt>(),
    findCharge: activity<Payment, ProbeAnswer<Receipt>>(),
    refund: activity<Payment, null>(),
  },
  delays: { 'charge.timeout': 5_000, approval: 86_400_000 },
}).createMachine({
  id: 'payment',
  context: ({ input: { order } }) => ({ order, receipt: '' }),
  initial: 'charging',
  states: {
    charging: {
      meta: { step: 'charge' },
      invoke: {
        id: 'charge',
        src: 'charge',
        input,
        onDone: {
          target: 'approval',
          actions: assign({ receipt: ({ event }) => event.output.receipt }),
        },
        onError: [
          {
            guard: ({ event: { error } }) => isFailure(error) && !error.ambiguous,
            target: 'refused',
          },
          { target: 'asking' },
        ],
      },
      after: { 'charge.timeout': 'asking' },
    },
    asking: {
      meta: { probes: 'charge' },
      invoke: {
        id: 'findCharge',
        src: 'findCharge',
        input,
        onDone: [
          {
            guard: ({ event: { output } }) => output.kind === 'happened',
            target: 'approval',
            actions: assign({
              receipt: ({ event: { output } }) =>
                output.kind === 'happened' ? output.output.receipt : '',
            }),
          },
          { guard: ({ event: { output } }) => output.kind === 'never', target: 'refused' },
          { target: 'refunding' },
        ],
        onError: 'refunding',
      },
    },
    approval: {
      tags: ['waiting'],
      after: { approval: 'refunding' },
      on: { approve: 'paid', 'backstep.cancel': 'refunding' },
    },
    refunding: {
      tags: ['compensating'],
      meta: { compensates: 'charge' },
      invoke: { id: 'refund', src: 'refund', input, onDone: 'refused', onError: 'stuck' },
    },
    stuck: { tags: ['compensation_failed'], on: { 'backstep.skip': 'leftAsItIs' } },
    paid: { type: 'final' },
    refused: { type: 'final', tags: ['compensated'] },
    leftAsItIs: { type: 'final', tags: ['compensation_failed'] },
  },
});

const paymentSaga = durable<PaymentActivities>(machine, { keepsEarly: ['approve'] });

let engine: EngineHarness<PaymentActivities>;
let keys: string[];

beforeEach(() => {
  engine = new EngineHarness(paymentSaga);
  keys = [];
});

afterEach(() => engine.dispose());

const working = {
  charge: () => ({ receipt: 'r1' }),
  findCharge: (): ProbeAnswer<Receipt> => ({ kind: 'unknown' }),
  refund: () => null,
};
const hanging = {
  ...working,
  charge: (_: Payment, { key }: { readonly key: string }) => {
    keys.push(key);
    return new Promise<never>(() => {});
  },
};
const start = async (): Promise<string> =>
  (await engine.backstep.spawn('payment', { input: { order: 'o1' } })).id;
const reached = (state: string) => engine.seen((entry) => entry.to === state);
const page = { limit: 50, cursor: null };

describe('a paused saga', () => {
  test('lets no timer pass and goes on where it stood, over a restart too', async () => {
    await engine.open(working);
    const id = await start();
    await reached('approval');
    const paused = await engine.backstep
      .saga(id)
      .command({ name: 'pause', by: 'ada', reason: 'audit' });
    expect(paused.status).toBe('paused');
    expect(engine.backstep.legalCommands(paused)).toEqual(['edit-context', 'resume', 'terminate']);
    engine.clock.advance(2 * 86_400_000);
    await engine.stop();

    const backstep = await engine.open(working);
    engine.clock.advance(1_000);
    expect((await backstep.saga(id).state())?.status).toBe('paused');
    await expect(backstep.saga(id).command({ name: 'pause' })).rejects.toMatchObject({
      code: 'not-legal',
      legal: ['edit-context', 'resume', 'terminate'],
    });
    await backstep.saga(id).command({ name: 'resume' });
    engine.clock.advance(1_000);
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect((await backstep.read.audit(id)).map(({ command, by }) => [command, by])).toEqual([
      ['pause', 'ada'],
      ['resume', 'unknown'],
    ]);
  });

  test('starts its attempt again under the same key', async () => {
    const backstep = await engine.open(hanging);
    const id = await start();
    await backstep.saga(id).command({ name: 'pause' });
    engine.clock.advance(60_000);
    expect((await backstep.saga(id).state())?.status).toBe('paused');
    await backstep.saga(id).command({ name: 'resume' });
    expect(keys).toEqual([`${id}/charge/forward/1`, `${id}/charge/forward/1`]);
  });

  test('keeps an event that it declares to keep, and takes it when it goes on', async () => {
    const backstep = await engine.open(working);
    const id = await start();
    await reached('approval');
    await backstep.saga(id).command({ name: 'pause' });
    expect((await backstep.saga(id).send({ type: 'approve' }, { eventId: 'a1' })).status).toBe(
      'paused',
    );
    await backstep.saga(id).command({ name: 'resume' });
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  });
});

describe('an event before its time', () => {
  test('is kept over a restart and taken once, in the turn that makes room for it', async () => {
    await engine.open(hanging);
    const id = await start();
    const kept = await engine.backstep.saga(id).send({ type: 'approve' }, { eventId: 'a1' });
    expect(kept.early).toEqual([{ id: 'a1', event: { type: 'approve' } }]);
    await engine.backstep.saga(id).send({ type: 'approve' }, { eventId: 'a1' });
    expect((await engine.backstep.saga(id).state())?.early).toHaveLength(1);
    await engine.stop();

    const backstep = await engine.open(working);
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    const { items } = await backstep.read.transitions(id, page);
    expect(items.at(-1)?.data).toContain('took what came early: approve');
    expect(items.at(-1)).toMatchObject({ from: 'charging', to: 'paid' });
  });

  test('is refused for now once sixteen wait', async () => {
    const backstep = await engine.open(hanging);
    const id = await start();
    for (let n = 0; n < 16; n++)
      await backstep.saga(id).send({ type: 'approve' }, { eventId: `a${n}` });
    const refused = backstep.saga(id).send({ type: 'approve' }, { eventId: 'one too many' });
    await expect(refused).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
    await expect(backstep.saga(id).send({ type: 'party' })).rejects.toMatchObject({
      code: 'not-legal',
    });
  });
});

describe('a step in doubt', () => {
  test.each([
    ['happened', 'waiting', 'completed'],
    ['never', 'compensated', 'failed'],
    ['unknown', 'compensated', 'compensated'],
  ] as const)('whose probe says "%s" leaves the saga %s', async (kind, status, stepStatus) => {
    const answer = kind === 'happened' ? { kind, output: { receipt: 'found' } } : { kind };
    const backstep = await engine.open({ ...hanging, findCharge: () => answer });
    const id = await start();
    engine.clock.advance(5_000);
    await engine.seen((entry) => entry.status === status);
    const state = await backstep.saga(id).state();
    expect(state?.steps).toMatchObject([{ name: 'charge', status: stepStatus, probes: 1 }]);
    if (kind === 'happened') expect(state?.snapshot.context).toMatchObject({ receipt: 'found' });
  });

  test('is asked about again after a crash, not charged again', async () => {
    const unanswered = { ...hanging, findCharge: () => new Promise<never>(() => {}) };
    await engine.open(unanswered);
    const id = await start();
    engine.clock.advance(5_000);
    await reached('asking');
    await engine.stop();
    const backstep = await engine.open({ ...hanging, findCharge: () => ({ kind: 'never' }) });
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
    expect(keys).toHaveLength(1);
  });
});

test('a compensation that a person skips is over, with who and why, and not called compensated', async () => {
  const broken = {
    ...working,
    refund: () => {
      throw new PermanentError('closed', 'the account is closed');
    },
  };
  const backstep = await engine.open(broken);
  const id = await start();
  await reached('approval');
  await backstep.saga(id).command({ name: 'cancel' });
  expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensation_failed');
  const order = { name: 'skip', by: 'ada', reason: 'paid back in cash' } as const;
  const state = await backstep.saga(id).command(order);
  expect(state.status).toBe('compensation_failed');
  expect(state.resolution).toMatchObject({ by: 'ada', reason: 'paid back in cash' });
  expect(state.steps).toMatchObject([{ status: 'skipped', skip: { by: 'ada' } }]);
  expect(backstep.legalCommands(state)).toEqual([]);
  expect((await backstep.read.deadLetters(page)).items).toEqual([]);
});
