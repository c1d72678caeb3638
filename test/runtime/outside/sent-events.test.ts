/** Who sent an event, when and why: durable with it, and read again wherever commands are. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { recordOfLine, replay } from '../../../src/core/history/replay.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { type Diagnosis, examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { EngineHarness } from '../engine-harness.ts';
import { resultOf } from '../upkeep/result-of.ts';

type Calls = Record<'book' | 'cancel', (input: null) => null>;

const staySaga = defineSaga({ id: 'stay', input: z.null(), activities: {} as Calls })
  .step('book', { input: () => null, compensate: { activity: 'cancel', input: () => null } })
  .wait('approval', { on: { approve: 'continue', reject: 'compensate' }, within: '1d' })
  .build();

let engine: EngineHarness<Calls>;
beforeEach(() => {
  engine = new EngineHarness(staySaga, { onDisk: true });
});
afterEach(() => engine.dispose());

const activities = { book: () => null, cancel: () => null };

async function waitingStay(): Promise<string> {
  const { id } = await engine.backstep.spawn('stay', { input: null });
  await engine.seen(({ sagaId, status }) => sagaId === id && status === 'waiting');
  return id;
}

function diagnosis(): Promise<Diagnosis> {
  return resultOf(examineDatabase({ database: engine.database }, [staySaga]));
}

const recordsOf = async (id: string) => {
  const page = { limit: 50, cursor: null };
  return (await engine.backstep.read.transitions(id, page)).items.map(recordOfLine);
};

test('stands in the journal and the audit, over a restart, and the doctor agrees', async () => {
  await engine.open(activities);
  const id = await waitingStay();
  const atMs = engine.clock.nowMs();
  await engine.backstep
    .saga(id)
    .send({ type: 'approve' }, { by: 'ada', reason: 'fine', eventId: 'a' });
  const entry = { atMs, sagaSeq: 3, command: 'send approve', by: 'ada', reason: 'fine' };
  expect(await engine.backstep.read.audit(id)).toEqual([entry]);
  await engine.stop();

  await engine.open(activities);
  expect(await engine.backstep.read.audit(id)).toEqual([entry]);
  const records = await recordsOf(id);
  const sent = records.find(({ cause }) => cause === 'event');
  expect(sent?.inbound).toMatchObject({ by: 'ada', reason: 'fine', event: { type: 'approve' } });
  expect(replay(staySaga, id, records).flaw).toBeNull();
  await engine.stop();
  expect((await diagnosis()).findings).toEqual([]);
  await engine.open(activities);
});

test('is there once for an event that came twice, and for one that came early', async () => {
  await engine.open(activities);
  const id = await waitingStay();
  await engine.backstep.saga(id).command({ name: 'pause', by: 'kim' });
  const author = { by: 'ada', eventId: 'early' };
  expect((await engine.backstep.saga(id).send({ type: 'reject' }, author)).early).toHaveLength(1);
  await engine.backstep.saga(id).send({ type: 'reject' }, { ...author, by: 'somebody else' });
  await engine.backstep.saga(id).command({ name: 'resume', by: 'kim' });
  await engine.backstep.saga(id).settled({ within: 1e9 });
  const audit = await engine.backstep.read.audit(id);
  expect(audit.map(({ command, by }) => `${command} by ${by}`)).toEqual([
    'pause by kim',
    'send reject by ada',
    'resume by kim',
  ]);
});

test('is nowhere for one that was refused, and for one that names nobody', async () => {
  await engine.open(activities);
  const id = await waitingStay();
  const { backstep } = engine;
  await expect(backstep.saga(id).send({ type: 'party' }, { by: 'ada' })).rejects.toMatchObject({
    code: 'not-legal',
  });
  await backstep.saga(id).send({ type: 'approve' }, { eventId: 'an id alone' });
  expect(await backstep.read.audit(id)).toEqual([]);
  const sent = (await recordsOf(id)).find(({ cause }) => cause === 'event');
  expect(sent?.inbound).toEqual({ kind: 'event', id: 'an id alone', event: { type: 'approve' } });
});

test('is unknown where only the reason was given', async () => {
  await engine.open(activities);
  const id = await waitingStay();
  await engine.backstep.saga(id).send({ type: 'approve' }, { reason: 'why not' });
  expect(await engine.backstep.read.audit(id)).toMatchObject([
    { command: 'send approve', by: 'unknown', reason: 'why not' },
  ]);
});
