/** Sagas in flight that cannot go on under what is registered: parked at start, told, and back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { Bindings } from '../../../src/host/backstep.ts';
import { Redeployed, stay, until } from './redeployed.ts';

let on: Redeployed;
beforeEach(() => {
  on = new Redeployed();
});
afterEach(() => on.dispose());

const GONE = 'saga type "stay" version 1 is not registered; register it, or migrate the saga';
const UNDO = 'book is done and version 2 has no compensation for it: map it in `migrate`';
const asItIs: Pick<Bindings, 'migrate'> = { migrate: { 1: () => ({}) } };
const failing: Pick<Bindings, 'migrate'> = {
  migrate: {
    1: () => {
      throw new Error('no way');
    },
  },
};

async function waitingUnderVersion1(count = 1): Promise<string[]> {
  await on.deploy([stay()]);
  return on.waiting(count);
}

describe('at start a waiting saga is parked, with a dead letter, a line and in the health,', () => {
  test.each([
    ['whose version is gone', stay({ version: 2 }), {}, GONE],
    [
      'whose type is not registered',
      stay({ id: 'other' }),
      {},
      'saga type "stay" is not registered; register it in every process that runs this database',
    ],
    [
      'whose state is not in the edited drawing',
      stay({ place: 'review' }),
      {},
      'the state forward.approval is not in version 1 as it was edited: make the edit a version ' +
        'of its own and give another one in its `migrate`',
    ],
    [
      'whose done step is not in the edited drawing',
      stay({ step: 'reserve' }),
      {},
      'book is done and version 1 as it was edited has no compensation for it: make the edit a ' +
        'version of its own and map it in its `migrate`',
    ],
    [
      'whose done step the new version does not undo',
      stay({ version: 2, step: 'reserve' }),
      asItIs,
      UNDO,
    ],
    [
      'whose migration throws',
      stay({ version: 2 }),
      failing,
      'it cannot be taken from version 1 to 2: no way',
    ],
  ])('%s', async (_, definition, migrations, reason) => {
    const ids = await waitingUnderVersion1(2);
    const backstep = await on.deploy([definition, migrations]);
    await until(() => on.gaps !== undefined);
    const gap = { type: 'stay', version: 1, reason, sagas: 2 };
    expect(on.gaps).toEqual([gap]);
    for (const id of ids) {
      const error = `version-missing: ${reason}`;
      expect(await on.row(id)).toMatchObject({ status: 'parked', version: 1, error });
      // Who asks is told why.
      const refusal = { code: 'version-missing', message: reason };
      await expect(backstep.saga(id).send({ type: 'no' })).rejects.toMatchObject(refusal);
    }
    const letter = { done: ['book'], outstanding: ['book'], error: { message: reason } };
    expect(await on.letters()).toMatchObject([letter, letter]);
    expect(on.lines).toEqual([
      `sagas cannot go on under what is registered ${JSON.stringify(gap)}`,
    ]);
    expect(on.calls).toEqual(['book book/forward/1', 'book book/forward/1']);
  });

  test('as many as there are, in as many lines as there are reasons', async () => {
    await on.deploy([stay()], [stay({ id: 'other' })]);
    await on.waiting(70);
    await on.waiting(5, 'other');
    await on.deploy([stay({ version: 2 })]);
    await until(() => on.gaps?.length === 2);
    expect(on.gaps).toMatchObject([
      { type: 'stay', sagas: 70 },
      { type: 'other', sagas: 5 },
    ]);
    expect(on.lines).toHaveLength(2);
  });
});

describe('what was parked for its version goes on by itself', () => {
  test.each([
    ['in the same process', false],
    ['in the next one', true],
  ])('once that is registered, %s', async (_, isRestarted) => {
    const [id = ''] = await waitingUnderVersion1();
    await on.deploy([stay({ version: 2 })]);
    await on.reached(id, 'parked');
    if (isRestarted) await on.deploy([stay({ version: 2 })], [stay()]);
    else on.register(stay());
    await on.reached(id, 'waiting');
    await until(() => on.gaps === undefined);
    expect(await on.letters()).toEqual([]);
    await on.backstep.saga(id).send({ type: 'no' });
    await on.reached(id, 'compensated');
    expect(on.calls.at(-1)).toBe('cancel book/compensate/1 of book/forward/1');
  });

  test('once the edit is taken back', async () => {
    const [id = ''] = await waitingUnderVersion1();
    await on.deploy([stay({ step: 'reserve' })]);
    await on.reached(id, 'parked');
    await on.deploy([stay()]);
    await on.reached(id, 'waiting');
    expect(await on.letters()).toEqual([]);
  });

  test('once a migration maps its step, and is undone under the key it was done with', async () => {
    const [id = ''] = await waitingUnderVersion1();
    const renamed = stay({ version: 2, step: 'reserve' });
    await on.deploy([renamed, asItIs]);
    await on.reached(id, 'parked');
    await on.deploy([renamed, { migrate: { 1: () => ({ steps: { book: 'reserve' } }) } }]);
    await on.reached(id, 'waiting');
    expect((await on.row(id))?.version).toBe(2);
    await on.backstep.saga(id).send({ type: 'no' });
    await on.reached(id, 'compensated');
    expect(on.calls).toEqual(['book book/forward/1', 'cancel book/compensate/1 of book/forward/1']);
  });

  test('and until then its letter says what holds it up now, not what did before', async () => {
    const [id = ''] = await waitingUnderVersion1();
    await on.deploy([stay({ version: 3 })]);
    await on.reached(id, 'parked');
    await on.deploy([stay({ version: 2, step: 'reserve' }), asItIs]);
    await until(() => on.gaps?.[0]?.reason === UNDO);
    expect(await on.letters()).toMatchObject([{ error: { message: UNDO } }]);
  });
});

test('a paused saga is told and not parked, so that it does not go on against a word', async () => {
  const [id = ''] = await waitingUnderVersion1();
  await on.backstep.saga(id).command({ name: 'pause' });
  await on.deploy([stay({ version: 2 })]);
  await until(() => on.gaps !== undefined);
  expect(on.gaps).toEqual([{ type: 'stay', version: 1, reason: GONE, sagas: 1 }]);
  expect((await on.row(id))?.status).toBe('paused');
  on.register(stay());
  await until(() => on.gaps === undefined);
  expect((await on.row(id))?.status).toBe('paused');
  await on.backstep.saga(id).command({ name: 'resume' });
  expect((await on.row(id))?.status).toBe('waiting');
});

test('a saga whose child is not registered is parked with it, and both go on once it is', async () => {
  const child = stay({ id: 'child' });
  const parent = defineSaga({
    id: 'parent',
    input: z.null(),
    activities: {} as { undo: (input: null) => unknown },
  })
    .child('part', {
      saga: child,
      input: () => null,
      compensate: { activity: 'undo', input: () => null },
    })
    .build() as SagaDefinition;
  await on.deploy([parent], [child]);
  const { id } = await on.backstep.spawn('parent', { input: null });
  await until(() => on.calls.length > 0);
  const [part] = await waitingOf('child');
  await on.deploy([parent]);
  await on.reached(id, 'parked');
  await on.reached(part ?? '', 'parked');
  expect((await on.row(id))?.error).toBe(
    'version-missing: saga "parent" runs "child" version 1 as a child, which is not registered; ' +
      'register that too',
  );
  on.register(child);
  await on.reached(part ?? '', 'waiting');
  await on.backstep.saga(part ?? '').send({ type: 'ok' });
  await on.reached(id, 'completed');
  expect(on.calls).toEqual(['book book/forward/1', 'charge charge/forward/1']);
});

async function waitingOf(type: string): Promise<readonly string[]> {
  for (;;) {
    const ids = await on.backstep.read.sagaIds({ type, status: ['waiting'] }, 10);
    if (ids.length > 0) return ids;
    await new Promise(setImmediate);
  }
}

test('a saga that is scheduled is parked too, and begins at its time once its version is back', async () => {
  const backstep = await on.deploy([stay()]);
  const { id } = await backstep.spawn('stay', { input: null, delay: '1d' });
  await on.deploy([stay({ version: 2 })]);
  await on.reached(id, 'parked');
  on.register(stay());
  await on.reached(id, 'waiting');
  expect((await on.backstep.saga(id).state())?.snapshot.value).toBe('scheduled');
  expect(on.calls).toEqual([]);
});
