/**
 * A process whose only saga is given up on, which a rule tells a webhook of; told to die at one of
 * the moments of that, it kills itself there, as a power cut would.
 *
 * Moments are counted: before and after every commit, every write and every request. Says on its
 * channel how many there were, once the alert was delivered by what the database knows, and ends.
 */
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { PermanentError } from '../../../src/core/failure.ts';
import { checkedAlerts } from '../../../src/host/alerts/alert-rules.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { DEFAULT_LIMITS } from '../../../src/host/limits.ts';
import { silentLogger } from '../../../src/host/turn-log.ts';
import { createEngine } from '../../../src/runtime/engine.ts';
import { loadStore } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';

/** What such a process is told, as its only argument. */
export interface AlertProcessTask {
  readonly database: string;
  readonly url: string;
  readonly secret: string;
  /** The number of the moment at which it dies; 0: at none. */
  readonly dieAt: number;
}

type Only = { only: (input: null) => void };

const giveUpSaga = defineSaga({ id: 'give-up', input: z.null(), activities: {} as Only })
  .step('before', { kind: 'pivot', activity: 'only', input: () => null })
  .step('last', { activity: 'only', kind: 'retriable', input: () => null })
  .build();

if (process.send !== undefined) await main(JSON.parse(process.argv[2] ?? '') as AlertProcessTask);

async function main({ database, url, secret, dieAt }: AlertProcessTask): Promise<void> {
  process.on('disconnect', () => process.exit());
  let moments = 0;
  const moment = (): void => {
    moments += 1;
    if (moments === dieAt) process.kill(process.pid, 'SIGKILL');
  };
  const around =
    <Arguments extends readonly unknown[], Result>(call: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments): Promise<Result> => {
      moment();
      const result = await call(...args);
      moment();
      return result;
    };
  globalThis.fetch = around(globalThis.fetch);
  const store = await (await loadStore({ database }))(() => Date.now());
  const commit = around(store.commit.bind(store));
  let written = Promise.withResolvers<void>();
  const write = around(async (statements: Parameters<Store['write']>[0]) => {
    const outcome = await store.write(statements);
    written.resolve();
    written = Promise.withResolvers();
    return outcome;
  });
  const watched = new Proxy(store, {
    get(target, name) {
      if (name === 'commit') return commit;
      if (name === 'write') return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const backstep = createEngine(watched satisfies Store, {
    clock: systemClock,
    randomId: () => crypto.getRandomValues(new Uint8Array(16)),
    limits: DEFAULT_LIMITS,
    logger: silentLogger,
    onFatal: (reason) => process.send?.({ failed: reason }),
    alerts: checkedAlerts(
      {
        rules: [{ name: 'letters', when: { kind: 'dead-letter' } }],
        targets: { desk: { url, secret, timeout: '1s' } },
        gather: 0,
      },
      'embedded',
    ),
  });
  backstep.register(giveUpSaga, {
    activities: {
      only: (_, { step }) => {
        if (step === 'last') throw new PermanentError('broken', 'it is broken');
      },
    },
  });
  await backstep.start();
  const saga = await backstep.spawn(giveUpSaga, { input: null, key: 'one' });
  await saga.settled();
  for (;;) {
    const next = written.promise; // before the look: what is written meanwhile ends the wait
    const { items } = await backstep.alerts.deliveries({ limit: 10, cursor: null });
    if (items.length > 0 && items.every(({ outcome }) => outcome === 'delivered')) break;
    await next;
  }
  const told = moments;
  await backstep.stop({ within: 0 });
  process.send?.({ told }, () => process.exit(0));
}
