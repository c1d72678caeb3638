/** Events held against the schemas that their definition carries, or that registration gives. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../src/core/define/saga.ts';
import type { StandardSchema } from '../../src/core/standard-schema.ts';
import { EngineHarness, type EngineSettings } from './engine-harness.ts';

type Calls = Record<'book' | 'cancel', (input: null) => null>;

const staySaga = defineSaga({
  id: 'stay',
  input: z.null(),
  activities: {} as Calls,
  events: {
    approve: z.strictObject({ amount: z.object({ value: z.int() }), note: z.string().default('') }),
    reject: z.looseObject({}),
  },
})
  .step('book', { input: () => null, compensate: { activity: 'cancel', input: () => null } })
  .wait('approval', { on: { approve: 'continue', reject: 'compensate' }, within: '1d' })
  .output(({ results }) => results.approval)
  .build();

let engine: EngineHarness<Calls>;
beforeEach(() => {
  engine = new EngineHarness(staySaga);
});
afterEach(() => engine.dispose());

const activities = { book: () => null, cancel: () => null };

async function waitingStay(settings: EngineSettings<Calls> = {}): Promise<string> {
  await engine.open(activities, settings);
  const { id } = await engine.backstep.spawn('stay', { input: null });
  await engine.seen(({ sagaId, status }) => sagaId === id && status === 'waiting');
  return id;
}

test('one that does not match is refused with the member, and nothing happens', async () => {
  const id = await waitingStay();
  const send = (members: object) => engine.backstep.saga(id).send({ type: 'approve', ...members });
  await expect(send({ amount: { value: 'two' } })).rejects.toMatchObject({
    code: 'input-invalid',
    message: expect.stringContaining(`event "approve" of saga ${id}: amount.value: `) as unknown,
    issues: [{ path: 'amount.value' }],
  });
  await expect(send({ amount: { value: 2 }, also: 1 })).rejects.toMatchObject({
    code: 'input-invalid',
  });
  expect((await engine.backstep.saga(id).state())?.seq).toBe(2);

  // What reaches the machine is what the schema gives, over a restart too.
  await engine.stop();
  await engine.open(activities);
  const { snapshot } = await engine.backstep
    .saga(id)
    .send({ type: 'approve', amount: { value: 2 } });
  expect(snapshot.output).toEqual({
    kind: 'event',
    event: { type: 'approve', amount: { value: 2 }, note: '' },
  });
});

test('an event with a schema that takes anything brings what it likes', async () => {
  const id = await waitingStay();
  const { status } = await engine.backstep.saga(id).send({ type: 'reject', anything: [1] });
  expect(status).toBe('compensating');
});

test('what registration gives stands over the definition, event by event', async () => {
  const approve = z.object({ word: z.string() });
  const id = await waitingStay({ events: { reject: z.object({ why: z.string() }), approve } });
  await expect(engine.backstep.saga(id).send({ type: 'reject' })).rejects.toMatchObject({
    issues: [{ path: 'why' }],
  });
  const state = await engine.backstep.saga(id).send({ type: 'approve', word: 'yes' });
  expect(state.snapshot.output).toMatchObject({ event: { word: 'yes' } });
});

test('a schema that gives no object is a mistake of the definition, not of the sender', async () => {
  const approve = z.object({}).transform(() => 'text') as StandardSchema;
  const id = await waitingStay({ events: { approve } });
  await expect(engine.backstep.saga(id).send({ type: 'approve' })).rejects.toMatchObject({
    code: 'definition-invalid',
    message: expect.stringContaining('the schema of event "approve" gives no object') as unknown,
  });
});
