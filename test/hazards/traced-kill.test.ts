/** One trace over the caller, a saga, its attempts and compensations, whose process was killed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, onTestFinished } from 'vitest';
import { startShop } from '../fixtures/shop-process.ts';
import { ShopService } from '../fixtures/shop-service.ts';
import { TraceCollector } from '../fixtures/trace-collector.ts';
import { expectWholeTrace, newCaller, startOrder } from '../fixtures/traced-order.ts';

/** Two processes start, on a machine that runs other tests too. */
const LIMIT_MS = 120_000;

it(
  'a trace is whole after its process was killed in the middle of a step',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backstep-traced-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const database = join(folder, 'shop.db');
    const collector = await TraceCollector.open();
    const service = await ShopService.open();
    const caller = newCaller();

    service.hanging.add('charge');
    const first = await startShop(database, collector.addressFor('first'), service.url);
    await first.owns;
    const id = await startOrder(first.url, caller);
    await service.called('charge');
    await collector.seen('attempt reserve');
    await first.kill();

    service.hanging.clear();
    service.refused.add('charge');
    await startShop(database, collector.addressFor('second'), service.url);
    await collector.seen('saga shop');
    expectWholeTrace(collector, service, caller, id);
  },
  LIMIT_MS,
);
