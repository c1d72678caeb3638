/** One trace over an order whose worker was killed: those who took it up sent the rest of it. */
import { it } from 'vitest';
import { expectWholeTrace, newCaller, startOrder } from '../fixtures/traced-order.ts';
import { ShopService } from '../fixtures/shop-service.ts';
import { TraceCollector } from '../fixtures/trace-collector.ts';
import { freePort } from '../ports.ts';
import { temporaryDatabase } from '../store/store-fixture.ts';
import { balancer, describeOnRestate, restateServer, worker } from './rig.ts';

/** A server, two workers and a face start one after the other. */
const LIMIT_MS = 120_000;

describeOnRestate('a trace of a saga on Restate', () => {
  it(
    'is whole after its worker was killed in the middle of a step, and another one went on',
    async () => {
      const collector = await TraceCollector.open();
      const service = await ShopService.open();
      const [server, address, caller] = [await restateServer(), await balancer(), newCaller()];
      const ofWorker = (name: string) =>
        worker('traced-shop-worker.ts', collector.addressFor(name), service.url);
      const first = await ofWorker('first');
      await address.add(first.port);
      await server.register(address.url);
      const { ingress, admin } = server;
      const listen = { port: await freePort() };
      const settings = JSON.stringify({ ingress, admin, listen, database: temporaryDatabase() });
      const { port } = await worker(
        'traced-shop-program.ts',
        collector.addressFor('face'),
        settings,
      );

      service.hanging.add('charge');
      const id = await startOrder(`http://127.0.0.1:${port}`, caller);
      await service.called('charge');
      await collector.seen('attempt reserve');
      await first.kill();
      service.hanging.clear();
      service.refused.add('charge');
      const second = await ofWorker('second');
      await address.add(second.port);
      await collector.seen('saga shop');
      expectWholeTrace(collector, service, caller, id);
    },
    LIMIT_MS,
  );
});
