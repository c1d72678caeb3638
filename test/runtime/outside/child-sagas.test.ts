/** A saga that runs another one as its step: ends, cancels, messages, crashes. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackstepError } from '../../../src/core/errors.ts';
import { PermanentError } from '../../../src/core/failure.ts';
import { isEnded } from '../../../src/core/status.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { crashEverywhere, type Pass } from '../crash-everywhere.ts';
import { EngineHarness } from '../engine-harness.ts';
import {
  type AccountActivities,
  accountSaga,
  type CustomerActivities,
  customerSaga,
} from './family-sagas.ts';

let engine: EngineHarness<CustomerActivities>;
let calls: string[];

beforeEach(() => {
  engine = new EngineHarness(customerSaga);
  calls = [];
});

afterEach(() => engine.dispose());

type Overrides = Partial<AccountActivities & CustomerActivities>;

function open(overrides: Overrides = {}) {
  const record =
    <Output>(name: string, output: Output) =>
    (): Output => {
      calls.push(name);
      return output;
    };
  const all = {
    open: record('open', { iban: 'AT1' }),
    close: record('close', null),
    welcome: record('welcome', null),
    remove: record('remove', null),
    ...overrides,
  };
  return engine.open(all, {
    also: (backstep) => backstep.register(accountSaga, { activities: all }),
  });
}

const start = () => engine.backstep.spawn('customer', { input: { name: 'Ada' }, key: 'Ada' });
const childOf = (id: string): string => `${id}.account.1`;
const reached = (id: string, state: string) =>
  engine.seen((entry) => entry.sagaId === id && entry.to === state);

function refuse(code: string): () => never {
  return () => {
    throw new PermanentError(code, `${code}, for good`);
  };
}

describe('a child saga', () => {
  test('gives its output to the step of its parent, and each names the other', async () => {
    const backstep = await open();
    const { id } = await start();
    const child = childOf(id);
    await reached(child, 'checking');
    expect((await backstep.saga(id).state())?.steps).toMatchObject([
      { name: 'account', status: 'running', childId: child },
    ]);
    expect((await backstep.saga(child).state())?.parent).toEqual({ sagaId: id, step: 'account' });
    await backstep.saga(child).send({ type: 'approve' });
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    expect((await backstep.saga(id).state())?.snapshot.context).toMatchObject({ iban: 'AT1' });
    expect(calls).toEqual(['open', 'welcome']);
  });

  test('that fails is a failed step of its parent, with the reason', async () => {
    const backstep = await open({ open: refuse('no-credit') });
    const { id } = await start();
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
    const state = await backstep.saga(id).state();
    expect(state?.failureReason).toMatchObject({ code: 'child-compensated' });
    expect(state?.failureReason?.message).toContain('no-credit');
    expect((await backstep.saga(childOf(id)).settled({ within: 10_000 })).status).toBe(
      'compensated',
    );
  });

  test('is unwound before the parent that is cancelled is over', async () => {
    const backstep = await open();
    const { id } = await start();
    const child = childOf(id);
    await reached(child, 'checking');
    await backstep.saga(id).command({ name: 'cancel', reason: 'changed my mind' });
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
    expect(calls).toEqual(['open', 'close']);
    const ends = engine.lines.filter((entry) => entry.status === 'compensated');
    expect(ends.map((entry) => entry.sagaId)).toEqual([child, id]);
  });

  test('that had completed is undone by the activity its parent has for that', async () => {
    const backstep = await open({ welcome: refuse('no-such-customer') });
    const { id } = await start();
    await reached(childOf(id), 'checking');
    await backstep.saga(childOf(id)).send({ type: 'approve' });
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
    expect(calls).toEqual(['open', 'remove']);
    expect((await backstep.saga(childOf(id)).state())?.status).toBe('completed');
  });

  test('is terminated with its parent, without compensating', async () => {
    const backstep = await open();
    const { id } = await start();
    await reached(childOf(id), 'checking');
    await backstep.saga(id).command({ name: 'terminate' });
    expect((await backstep.saga(childOf(id)).settled({ within: 10_000 })).status).toBe(
      'terminated',
    );
    expect(calls).toEqual(['open']);
  });
});

test('a start is refused when nobody registered the child that the saga runs', async () => {
  const all = { welcome: () => null, remove: () => null };
  await engine.open(all);
  await expect(start()).rejects.toThrow(
    'saga "customer" runs "account" version 1 as a child, which is not registered; ' +
      'register that too, before the first start',
  );
});

describe('between a parent and its child', () => {
  test('events are heard in both directions', async () => {
    const backstep = await open();
    const { id } = await start();
    await engine.seen((entry) => entry.sagaId === id && entry.event === 'account.checking');
    expect((await backstep.saga(id).state())?.snapshot.context).toMatchObject({ heard: 1 });
    await backstep.saga(id).send({ type: 'hurry' });
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
    // What it said in its last turn was heard before its end was.
    expect((await backstep.saga(id).state())?.snapshot.context).toMatchObject({ heard: 2 });
  });
});

describe('over a crash at every commit', () => {
  const all = {
    open: () => ({ iban: 'AT1' }),
    close: () => null,
    welcome: () => null,
    remove: () => null,
  };
  const register = (backstep: Backstep): void => {
    backstep.register(accountSaga, { activities: all });
    backstep.register(customerSaga, { activities: all });
  };
  const statusOf = async (backstep: Backstep, id: string) =>
    (await backstep.saga(id).state())?.status ?? null;

  // What clients do that may not have heard: the same start, the same event id.
  async function startAndWait(backstep: Backstep, pass: Pass) {
    const { id } = await backstep.spawn('customer', { input: { name: 'Ada' }, key: 'Ada' });
    const child = childOf(id);
    await pass(async () => (await statusOf(backstep, child)) === 'waiting' || isOver(backstep, id));
    return { id, child };
  }
  const isOver = async (backstep: Backstep, id: string): Promise<boolean> => {
    const state = await backstep.saga(id).state();
    return state !== null && isEnded(state.status);
  };

  test('what a child says and how it ends reach its parent, once and in order', async () => {
    const crashes = await crashEverywhere({
      register,
      live: async (backstep, pass) => {
        const { id, child } = await startAndWait(backstep, pass);
        if ((await statusOf(backstep, child)) === 'waiting') {
          await backstep.saga(child).send({ type: 'approve' }, { eventId: 'approval' });
        }
        await pass(() => isOver(backstep, id));
      },
      check: async (backstep) => {
        const { id } = await backstep.spawn('customer', { input: { name: 'Ada' }, key: 'Ada' });
        const state = await backstep.saga(id).state();
        expect(state?.status).toBe('completed');
        expect(state?.snapshot.context).toMatchObject({ iban: 'AT1', heard: 2 });
      },
    });
    expect(crashes).toBeGreaterThanOrEqual(2 * 7);
  });

  test.each(['cancel', 'terminate'] as const)(
    'a parent ordered to %s takes its child along',
    async (name) => {
      const crashes = await crashEverywhere({
        register,
        live: async (backstep, pass) => {
          const { id, child } = await startAndWait(backstep, pass);
          if (!(await isOver(backstep, id))) {
            await backstep.saga(id).command({ name }).catch(ignoreNotLegal);
          }
          await pass(async () => (await isOver(backstep, id)) && (await isOver(backstep, child)));
        },
        check: async (backstep) => {
          const { id } = await backstep.spawn('customer', { input: { name: 'Ada' }, key: 'Ada' });
          const end = name === 'cancel' ? 'compensated' : 'terminated';
          expect(await statusOf(backstep, id)).toBe(end);
          expect(await statusOf(backstep, childOf(id))).toBe(end);
        },
      });
      expect(crashes).toBeGreaterThanOrEqual(2 * 6);
    },
  );
});

// The order given before the crash was taken: the saga is on its way already.
function ignoreNotLegal(error: unknown): void {
  if (!(error instanceof BackstepError) || error.code !== 'not-legal') throw error;
}
