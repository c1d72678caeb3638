/**
 * An outage of the payment provider over many orders, and how it is handled from the command line
 * alone: found, explained, retried by filter, audited.
 *
 * The hour of the outage is as long as it takes every order to fail: its retries wait a millisecond.
 */
import { z } from 'zod';
import { defineSaga, exponential, openBackstep, TransientError } from '../../src/index.ts';
import { serveBackstep } from '../../src/server.ts';
import { jsonOf, typed } from './typed-commands.ts';

type Payments = Record<'reserve' | 'release' | 'authorise' | 'capture', (input: object) => object>;

const retry = exponential({ first: '1ms', factor: 1, max: '1ms', attempts: 3, jitter: 'none' });
const input = (view: { readonly input: object }): object => view.input;

const paidOrder = defineSaga({
  id: 'paid-order',
  input: z.object({ order: z.string() }),
  activities: {} as Payments,
})
  .step('reserve', { input, compensate: { activity: 'release', input } })
  .step('authorise', { kind: 'pivot', input })
  .step('capture', { kind: 'retriable', input, retry })
  .build();

export interface Shop {
  readonly url: string;
  /** Starts so many orders while the provider is away; resolves once each was given up. */
  failOrders(count: number): Promise<void>;
  mendProvider(): void;
  /** How often the provider took the money of each order. */
  readonly captured: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** A shop on a port. */
export async function openShop(database: string): Promise<Shop> {
  const captured = new Map<string, number>();
  let isAway = true;
  const backstep = await openBackstep({ database });
  backstep.register(paidOrder, {
    activities: {
      reserve: () => ({}),
      release: () => ({}),
      authorise: () => ({}),
      capture: (given) => {
        if (isAway) throw new TransientError('provider-away', 'no route to payments.example');
        const order = JSON.stringify(given);
        captured.set(order, (captured.get(order) ?? 0) + 1);
        return {};
      },
    },
  });
  await backstep.start();
  const server = await serveBackstep({ backstep, port: 0 });
  return {
    url: server.url,
    captured,
    mendProvider: () => void (isAway = false),
    async failOrders(count) {
      const orders = await Promise.all(
        Array.from({ length: count }, (_, number) =>
          backstep.spawn(paidOrder, { input: { order: `o-${number}` }, key: `o-${number}` }),
        ),
      );
      for (const order of orders) await order.settled();
    },
    async stop() {
      await server.stop();
      await backstep.stop({ within: 0 });
    },
  };
}

interface Listed {
  readonly items: readonly {
    readonly id: string;
    readonly sagaId: string;
    readonly status: string;
  }[];
}

/** What the operator found and did. */
export interface Handled {
  readonly found: number;
  readonly letters: number;
  readonly why: { readonly next: string; readonly lastError: { readonly error: { code: string } } };
  readonly wouldRetry: number;
  readonly retried: { readonly taken: number; readonly refused: number; readonly failed: number };
  readonly left: number;
  readonly completed: number;
  /** Orders whose history says who retried them, and why. */
  readonly audited: number;
}

/** Handles it. Each line is one command as it would be typed. */
export async function handleOutage(shop: Shop): Promise<Handled> {
  const run = (...args: readonly string[]) => typed([...args, '--url', shop.url, '--json']);
  const failed = ['--type', 'paid-order', '--status', 'failed'];
  const found = (jsonOf(await run('ls', ...failed, '--all')) as Listed).items;
  const letters = (jsonOf(await run('dead-letters', '--all')) as Listed).items;
  const why = jsonOf(await run('why', letters[0]?.sagaId ?? '')) as Handled['why'];
  shop.mendProvider();
  const trial = jsonOf(await run('retry', ...failed, '--dry-run')) as { total: number };
  const reason = ['--by', 'ada', '--reason', 'the provider is back'];
  const retried = jsonOf(
    await run('retry', ...failed, '--query', 'provider-away', ...reason, '--yes'),
  ) as Handled['retried'];
  let completed = 0;
  let audited = 0;
  for (const { id } of found) {
    if ((await run('watch', id)).code === 0) completed += 1;
    const { items } = jsonOf(await run('history', id)) as {
      items: { event: string; by?: string; reason?: string }[];
    };
    const isAudited = items.some(
      ({ by, reason: said }) => by?.startsWith('ada (bulk') && said === 'the provider is back',
    );
    if (isAudited) audited += 1;
  }
  return {
    found: found.length,
    letters: letters.length,
    why,
    wouldRetry: trial.total,
    retried,
    left: (jsonOf(await run('ls', ...failed, '--all')) as Listed).items.length,
    completed,
    audited,
  };
}
