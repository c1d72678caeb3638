/** Children that stand still while their parent leaves them, and what they do once they go on. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { BackstepError } from '../../../src/core/errors.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import type { Store } from '../../../src/store/store.ts';
import { EngineHarness, type EngineSettings } from '../engine-harness.ts';
import {
  type AccountActivities,
  accountSaga,
  type CustomerActivities,
  customerSaga,
} from './family-sagas.ts';

type Named = { readonly name: string };

/** A parent that goes on without its child, and does not wait for its end. */
const hastySaga = durable<Record<string, never>>(
  setup({
    types: { context: {} as Named, input: {} as Named, events: {} as { type: 'leave' } },
    actors: { account: activity<Named, unknown>() },
  }).createMachine({
    id: 'hasty',
    context: ({ input }) => input,
    initial: 'opening',
    states: {
      opening: {
        invoke: { id: 'account', src: 'account', input: ({ context }) => context, onDone: 'gone' },
        on: { leave: 'gone' },
      },
      gone: { type: 'final' },
    },
  }),
  { children: { account: accountSaga } },
);

let engine: EngineHarness<CustomerActivities>;
let calls: string[];

beforeEach(() => {
  engine = new EngineHarness(customerSaga);
  calls = [];
});
afterEach(() => engine.dispose());

async function open(
  more: Pick<EngineSettings<CustomerActivities>, 'wrapStore'> = {},
): Promise<Backstep> {
  const call = (name: keyof AccountActivities | keyof CustomerActivities) => (): null => {
    calls.push(name);
    return null;
  };
  const activities = { welcome: call('welcome'), remove: call('remove') };
  const account = {
    open: () => {
      calls.push('open');
      return { iban: 'AT1' };
    },
    close: call('close'),
  };
  return engine.open(activities, {
    ...more,
    also: (backstep) => {
      backstep.register(accountSaga, { activities: account });
      backstep.register(hastySaga, { activities: {} });
    },
  });
}

/** A parent of the type whose child waits for its approval, paused. */
async function pausedChild(type: string): Promise<{ readonly id: string; readonly child: string }> {
  const backstep = await open();
  const { id } = await backstep.spawn(type, { input: { name: 'Ada' } });
  const child = `${id}.account.1`;
  await engine.seen(({ sagaId, to }) => sagaId === child && to === 'checking');
  await backstep.saga(child).command({ name: 'pause', by: 'kim' });
  return { id, child };
}

const auditOf = async (id: string) =>
  (await engine.backstep.read.audit(id)).map(({ command, by }) => `${command} by ${by}`);

test('one that its parent wants to unwind is unwound as soon as it goes on', async () => {
  const { id, child } = await pausedChild('customer');
  const { backstep } = engine;
  await backstep.saga(id).command({ name: 'cancel' });
  // Nothing older is undone before the child is.
  expect((await backstep.saga(id).state())?.status).toBe('compensating');
  // What the parent ordered was refused meanwhile, which leaves no trace to wait for.
  for (let turns = 0; turns < 100; turns++) await new Promise(setImmediate);
  await backstep.saga(child).command({ name: 'resume', by: 'kim' });
  expect((await backstep.saga(child).settled({ within: 1e9 })).status).toBe('compensated');
  expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
  expect(calls).toEqual(['open', 'close']);
  expect(await auditOf(child)).toEqual(['pause by kim', 'resume by kim', 'cancel by parent saga']);
});

test('that holds over a restart', async () => {
  const { id, child } = await pausedChild('customer');
  await engine.backstep.saga(id).command({ name: 'cancel' });
  await engine.stop();
  const backstep = await open();
  await backstep.saga(child).command({ name: 'resume', by: 'kim' });
  expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('compensated');
  expect((await backstep.saga(child).settled({ within: 1e9 })).status).toBe('compensated');
});

test('one that its parent went on without is cancelled as soon as it goes on', async () => {
  const { id, child } = await pausedChild('hasty');
  const { backstep } = engine;
  await backstep.saga(id).send({ type: 'leave' });
  expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  await engine.stop();
  const after = await open();
  await after.saga(child).command({ name: 'resume', by: 'kim' });
  expect((await after.saga(child).settled({ within: 1e9 })).status).toBe('compensated');
});

test('one that went on just before the process ended is cancelled by the next process', async () => {
  const { id, child } = await pausedChild('hasty');
  await engine.backstep.saga(id).send({ type: 'leave' });
  expect((await engine.backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  await engine.stop();

  const ended = Promise.withResolvers<void>();
  const before = await open({ wrapStore: (store) => withoutCancels(store, ended.resolve) });
  await before.saga(child).command({ name: 'resume', by: 'kim' });
  await ended.promise;
  await engine.stop();

  const after = await open();
  await engine.seen(({ sagaId, status }) => sagaId === child && status === 'compensated');
  expect((await after.saga(child).state())?.status).toBe('compensated');
  expect(await auditOf(child)).toEqual(['pause by kim', 'resume by kim', 'cancel by parent saga']);
});

test('one that its parent still waits for goes on as if nothing had been', async () => {
  const { id, child } = await pausedChild('customer');
  const { backstep } = engine;
  await backstep.saga(child).command({ name: 'resume', by: 'kim' });
  await backstep.saga(child).send({ type: 'approve' });
  expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
  expect(await auditOf(child)).toEqual(['pause by kim', 'resume by kim']);
});

/** A store whose process never gets as far as to write a cancelling. */
function withoutCancels(store: Store, onCancel: () => void): Store {
  return Object.assign(Object.create(store) as Store, {
    commit: (commit: Parameters<Store['commit']>[0]): ReturnType<Store['commit']> => {
      if (commit.audit?.command !== 'cancel') return store.commit(commit);
      onCancel();
      return Promise.reject(new BackstepError('unavailable', 'the process ends here'));
    },
  });
}
