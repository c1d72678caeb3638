/** Alerts of sagas on Restate: made of the turns that its projection writes, and of its own absence. */
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../src/core/define/saga.ts';
import { TransientError } from '../../src/core/failure.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import type { Alert } from '../../src/host/alerts/alert-options.ts';
import { openRestateBackstep, serveWorker } from '../../src/restate.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import { describeOnRestate, restateServer } from './rig.ts';

type Ship = { book: (input: null) => void; ship: (input: null) => void };

const shipSaga = defineSaga({ id: 'ship', input: z.null(), activities: {} as Ship })
  .step('book', { kind: 'pivot', input: () => null })
  .step('ship', {
    kind: 'retriable',
    input: () => null,
    retry: exponential({ first: '1ms', attempts: 2 }),
  })
  .build();

describeOnRestate('alerts of sagas on Restate', () => {
  it('tell of dead letters, of attempts that fail, and that Restate is away', async () => {
    const server = await restateServer();
    const bindings = {
      activities: {
        book: () => {},
        ship: () => {
          throw new TransientError('closed', 'the port is closed');
        },
      },
    };
    const worker = await serveWorker({
      port: 0,
      register: ({ register }) => register(shipSaga, bindings),
    });
    onTestFinished(() => worker.stop({ within: 0 }));
    await server.register(`http://127.0.0.1:${worker.port}`);
    const told: Alert[] = [];
    const ids: string[] = [];
    const backstep = await openRestateBackstep({
      ingress: server.ingress,
      admin: server.admin,
      listen: { port: await freePort() },
      database: temporaryDatabase(),
      alerts: {
        rules: [
          { name: 'letters', when: { kind: 'dead-letter' } },
          { name: 'failing', when: { kind: 'step-failures', count: 2, within: '1m' } },
          { name: 'away', when: { kind: 'host-unreachable', longerThan: '1s' } },
        ],
        targets: {
          desk: (alert, { id }) => {
            told.push(alert);
            ids.push(id);
          },
        },
        gather: 0,
      },
    });
    onTestFinished(() => backstep.stop({ within: 0 }));
    backstep.register(shipSaga, bindings);
    await backstep.start();
    const saga = await backstep.spawn(shipSaga, { input: null });
    expect((await saga.settled()).status).toBe('failed');
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(2);
    const bySort = told.map(({ data }) => [data.rule, data.cause, data.total]);
    expect(bySort).toHaveLength(2);
    expect(bySort).toEqual(
      expect.arrayContaining([
        ['failing', { type: 'ship', step: 'ship' }, 2],
        ['letters', { type: 'ship', status: 'failed', code: 'closed' }, 1],
      ]),
    );
    await server.dispose();
    await expect.poll(() => told.length, { timeout: 15_000 }).toBe(3);
    expect(told[2]).toMatchObject({ type: 'alert.opened', data: { rule: 'away' } });
    expect(new Set(ids).size).toBe(3);
  }, 60_000);
});
