/** The demo on Restate, in the three commands that people are told: server, workers, pages. */
import { expect, test } from 'vitest';
import { type Scenario, SCENARIOS } from '../../src/demo/lab/lab-scenarios.ts';
import { freePort } from '../ports.ts';
import { describeOnRestate, restateServer } from '../restate/rig.ts';
import { disturb, expectAllThere, postAll } from './killed-orders.ts';
import { orderOf, ordersOf } from './order-books.ts';
import type { Program } from './processes.ts';
import { serverBelow, type Site, siteFor } from './site.ts';
import { expectOutcomes } from './tried-scenarios.ts';

const TEST_LIMIT_MS = 180_000;
const ORDERS = 80;
const READY = /^Backstep is ready: /;
const WORKER = /^worker \d+ is process (\d+)$/;

interface OnRestate {
  readonly site: Site;
  readonly workers: Program;
  readonly launcher: Program;
}

/** As `npm run start:workers` and `npm run start:restate`, on a node of the test's own. */
async function launchOnRestate(onTestFinished: Parameters<typeof siteFor>[0]): Promise<OnRestate> {
  const { ingress, admin } = await restateServer();
  const site = await siteFor(onTestFinished);
  const settings = {
    BACKSTEP_RESTATE: ingress,
    BACKSTEP_RESTATE_ADMIN: admin,
    BACKSTEP_WORKERS_PORT: String(await freePort()),
    BACKSTEP_JOURNAL_PORT: String(await freePort()),
    BACKSTEP_PARTICIPANTS_PORT: String(await freePort()),
  };
  const workers = site.start('launcher', settings, ['workers']);
  const launcher = site.start('launcher', settings);
  await Promise.all([workers.line(/^Backstep works: 2 workers/), launcher.line(READY)]);
  return { site, workers, launcher };
}

/** The process of the worker that was started last. */
async function workerOf(workers: Program, nth: number): Promise<number> {
  return Number(WORKER.exec(await workers.line(WORKER, nth))?.[1]);
}

describeOnRestate('the demo on Restate', () => {
  test(
    'takes orders, loses a worker and then its pages under load, and its books add up',
    async ({ onTestFinished }) => {
      const { site, workers, launcher } = await launchOnRestate(onTestFinished);
      await disturb(site);
      const posting = postAll(site, ordersOf(ORDERS));
      await site.seen(({ to }) => to === 'forward.sendConfirmation.running');
      process.kill(await workerOf(workers, 1), 'SIGKILL');
      const accepted = await posting;
      expect(accepted).toHaveLength(ORDERS);
      await workers.line(WORKER, 3);
      process.kill(serverBelow(launcher), 'SIGKILL');
      await launcher.line(READY, 2);
      await site.atRest();
      await expectAllThere(site, accepted);

      const paths = [
        '/saga',
        '/faults',
        '/services',
        '/sagas',
        '/performance',
        '/debug',
        '/definitions',
      ];
      const pages = await Promise.all(paths.map((path) => fetch(`${site.url}${path}`)));
      expect(pages.map(({ status }) => status)).toEqual(paths.map(() => 200));
      expect(await pages[0]?.text()).not.toMatch(/\bbroken\b/);
      expect(await pages[2]?.text()).toContain('Travel: places');
      for (const program of [launcher, workers]) program.signal('SIGTERM');
      expect(await Promise.all([launcher.ended, workers.ended])).toEqual([0, 0]);
    },
    TEST_LIMIT_MS,
  );

  test(
    'has every scenario of the fault lab come out as it must, the one that ends a worker as well',
    async ({ onTestFinished }) => {
      const { site, workers } = await launchOnRestate(onTestFinished);
      const endsWorker = ({ act }: Scenario): boolean => act?.kind === 'crash';
      await expectOutcomes(
        site,
        SCENARIOS.filter((each) => !endsWorker(each)),
      );
      // By itself: what else that worker has under way is cut off as well.
      await expectOutcomes(site, SCENARIOS.filter(endsWorker));
      await workers.line(WORKER, 3);
      const trip = { tripId: 't1', traveller: 'Ada', destination: 'Venice', nights: 2 };
      const others = [
        ['trip', { ...trip, amountMinor: 900 }, 'compensated'],
        ['account', { customerId: 'c-1', kind: 'savings' }, 'completed'],
      ] as const;
      for (const [type, input, status] of others) {
        const started = site.call('POST', `/api/sagas/${type}?wait=60s`, { input });
        expect(await started).toMatchObject({ body: { status } });
      }
      expect((await site.order(orderOf(1), '60s')).body.status).toBe('completed');
    },
    TEST_LIMIT_MS,
  );
});
