/** Whoever was answered an order sees what came of it, however late the projection is. */
import { expect, it, vi } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import type { SagaState } from '../../src/core/state.ts';
import { INPUT, requestSaga } from '../conformance/sagas.ts';
import { LateProjection } from './late-projection.ts';

const done = { kind: 'done', output: { receipt: 'r' } } as const;
const refused: Failure = { code: 'refused', message: 'no', retryable: false, ambiguous: false };
const failed = { kind: 'failed', failure: refused } as const;

/** A saga that waits for a decision; the projection has all of it. */
async function waiting() {
  const opened = await LateProjection.open(requestSaga());
  const { late, face } = opened;
  const { id } = await face.start(INPUT);
  late.report(id, 'file', done);
  await late.write();
  return { ...opened, id, saga: face.saga(id) };
}

/** A saga whose compensation has failed, so that a person is needed; the projection has all of it. */
async function givenUp() {
  const opened = await waiting();
  const { late, saga, id } = opened;
  await saga.send({ type: 'reject' });
  late.report(id, 'withdraw', failed);
  await late.write();
  expect((await saga.settled()).status).toBe('compensation_failed');
  return opened;
}

it('settled() is not answered from before an order that was taken', async () => {
  const { late, saga, another, id } = await givenUp();
  expect((await saga.command({ name: 'retry', by: 'ada' })).status).toBe('compensating');
  for (const each of [saga, another.saga(id)]) {
    expect(await each.settled({ within: 0 })).toEqual({ status: 'compensating' });
  }
  const settled = saga.settled();
  late.report(id, 'withdraw', done);
  await late.write();
  expect((await settled).status).toBe('compensated');
});

it('settled() is not answered by a turn from before the order that is written after it', async () => {
  const { late, saga, another, id } = await waiting();
  await saga.send({ type: 'reject' });
  late.report(id, 'withdraw', failed);
  await saga.command({ name: 'retry', by: 'ada' });
  const settled = [saga.settled(), another.saga(id).settled()];
  await late.write(2);
  expect(await saga.settled({ within: 0 })).toEqual({ status: 'compensating' });
  late.report(id, 'withdraw', done);
  await late.write();
  for (const outcome of settled) expect((await outcome).status).toBe('compensated');
});

it('settled() says where the saga stands by what was answered when the time is over', async () => {
  const { saga } = await waiting();
  await saga.send({ type: 'approve' });
  expect(await saga.settled({ within: 0 })).toEqual({ status: 'running' });
});

it('waitFor() judges no state that was left before it was asked', async () => {
  const { late, saga, another, id } = await waiting();
  const isWaiting = ({ status }: SagaState): boolean => status === 'waiting';
  await saga.send({ type: 'approve' });
  for (const each of [saga, another.saga(id)]) {
    expect(await each.waitFor(isWaiting, { within: 0 })).toBeNull();
  }
  const waits = saga.waitFor(isWaiting);
  late.report(id, 'grant', done);
  await late.write();
  expect(await waits).toBeNull();
});

it('waitFor() gives the present state once lists have it, and every later one in turn', async () => {
  const { late, saga, face, id } = await waiting();
  const { seq } = await saga.send({ type: 'approve' });
  const isPresent = (state: SagaState): boolean => state.seq === seq;
  expect(await saga.waitFor(isPresent, { within: 0 })).toBeNull();
  const present = saga.waitFor(isPresent);
  const seen: number[] = [];
  const later = saga.waitFor((state) => seen.push(state.seq) > 1);
  await late.write();
  expect((await present)?.seq).toBe(seq);
  expect(await face.read.saga(id)).toMatchObject({ seq });
  late.report(id, 'grant', done);
  await late.write();
  expect((await later)?.seq).toBe(seq + 1);
  expect(seen).toEqual([seq, seq + 1]);
});

it('a look at a saga waits for what was answered here: its row, its history and its audit', async () => {
  const { late, face, another, saga, id } = await waiting();
  await saga.send({ type: 'approve' }, { by: 'ada' });
  const looks = [face.read.saga(id), face.read.audit(id)];
  // Whatever did not wait has looked by then.
  expect(await another.read.saga(id)).toMatchObject({ status: 'waiting' });
  await late.write();
  expect(await looks[0]).toMatchObject({ status: 'running' });
  expect(await looks[1]).toMatchObject([{ command: 'send approve', by: 'ada' }]);
});

it('a look waits for no projection that has the saga already, nor for ever', async () => {
  const { late, clock, face } = await LateProjection.open(requestSaga());
  const { id } = await face.start(INPUT);
  await late.write();
  const page = { limit: 10, cursor: null };
  expect((await face.read.transitions(id, page)).items).toHaveLength(1);
  await face.saga(id).command({ name: 'pause', by: 'ada' });
  const look = face.read.saga(id);
  let isOver = false;
  void look.then(() => (isOver = true));
  await vi.waitUntil(() => {
    clock.advance(500);
    return isOver;
  });
  expect(await look).toMatchObject({ status: 'running' });
});
