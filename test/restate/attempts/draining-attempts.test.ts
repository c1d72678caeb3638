/** What a worker says of attempts when it stops. */
import { expect, it } from 'vitest';
import type { AttemptTask } from '../../../src/host/outside/activity-runner.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { AttemptDesk } from '../../../src/restate/attempt-desk.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

function taskOf(run: number, implementation: () => unknown): AttemptTask {
  const effect = { activity: 'file', token: run, src: 'file', input: null, timeout: null };
  const of = { run, sagaId: `s${run}`, type: 'request', trace: null, keepsThrown: false };
  return { ...of, implementation, effect: effect as AttemptTask['effect'] };
}

it('attempts that wait for a place when their worker stops were not begun, and say so at once', async () => {
  const limits = { ...DEFAULT_LIMITS, activitiesInFlight: 1 };
  const desk = new AttemptDesk({ clock: new VirtualClock(), limits, lateMs: 0 });
  const runs = Promise.withResolvers<string>();
  const began: number[] = [];
  const perform = (run: number) =>
    desk.perform(
      taskOf(run, () => {
        began.push(run);
        return runs.promise;
      }),
    );
  const running = perform(1);
  const waiting = [perform(2), perform(3)];
  const drained = desk.drain(10_000);
  const reports = (await Promise.all(waiting)).map(({ report }) => report);
  expect(reports).toEqual(
    [2, 3].map((token) => ({ kind: 'interrupted', activity: 'file', token, wasClean: true })),
  );
  runs.resolve('done');
  await drained;
  expect((await running).report).toMatchObject({ kind: 'result', outcome: { kind: 'done' } });
  expect(began).toEqual([1]);
});
