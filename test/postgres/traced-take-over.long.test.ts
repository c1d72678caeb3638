/** One trace over an order whose process was killed while another one stood by over PostgreSQL. */
import { it } from 'vitest';
import { startShop } from '../fixtures/shop-process.ts';
import { ShopService } from '../fixtures/shop-service.ts';
import { TraceCollector } from '../fixtures/trace-collector.ts';
import { expectWholeTrace, newCaller, startOrder } from '../fixtures/traced-order.ts';
import { describeOnPostgres, postgresDatabase } from './databases.ts';

/** Two processes start, and one waits until the other is given up. */
const LIMIT_MS = 120_000;

describeOnPostgres('a trace of a saga over PostgreSQL', () => {
  it(
    'is whole after its process was killed in the middle of a step, and a standby took over',
    async () => {
      const { url } = await postgresDatabase();
      const collector = await TraceCollector.open();
      const service = await ShopService.open();
      const caller = newCaller();
      const owner = await startShop(url, collector.addressFor('owner'), service.url);
      await owner.owns;
      const standby = await startShop(url, collector.addressFor('standby'), service.url);

      service.hanging.add('charge');
      const id = await startOrder(owner.url, caller);
      await service.called('charge');
      await collector.seen('attempt reserve');
      await owner.kill();
      service.hanging.clear();
      service.refused.add('charge');
      await standby.owns;
      await collector.seen('saga shop');
      expectWholeTrace(collector, service, caller, id);
    },
    LIMIT_MS,
  );
});
