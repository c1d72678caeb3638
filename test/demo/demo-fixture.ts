/**
 * The HTTP app as in the server's tests, with the order demo as its extension: one whose rows say
 * whatever a test wants.
 */
import { z } from 'zod';
import { parseWith } from '../../src/core/standard-schema.ts';
import { orderExtension, type OrderExtensionParts } from '../../src/demo/order-extension.ts';
import type { OrderDemo } from '../../src/demo/order/order-demo.ts';
import type { Panel } from '../../src/server/dashboard/services/panel.ts';
import type { ExtensionSource } from '../../src/server/extension.ts';
import { type FixtureOptions, type HttpFixture, openFixture } from '../server/http-fixture.ts';
import { fakeLab } from './fake-lab.ts';

const OrderBody = z
  .object({ order_id: z.string().min(1).max(100), quantity: z.int().min(1).max(1_000) })
  .transform(({ order_id, quantity }) => ({ orderId: order_id, quantity }));

/** What the demo and its participants bring; with `demo: null` there is only the product. */
export interface DemoOptions {
  readonly demo?: OrderDemo | null | undefined;
  readonly faults?: OrderExtensionParts['faults'] | undefined;
  readonly lab?: OrderExtensionParts['lab'] | undefined;
  readonly crash?: OrderExtensionParts['crash'] | undefined;
  /** Of a participant that is not of the order demo. */
  readonly services?: readonly Panel[] | undefined;
}

/** As `openFixture`. */
export function openDemo(options: FixtureOptions & DemoOptions = {}): Promise<HttpFixture> {
  const { demo, faults, lab, crash, services, ...rest } = options;
  const extensions = demoExtensions({ demo, faults, lab, crash, services });
  return openFixture({ extensions, ...rest });
}

/** The extensions of such a demo: by default one without rows, whose faults are off. */
export function demoExtensions({
  demo = emptyDemo(),
  faults = null,
  lab = fakeLab(),
  crash = () => {},
  services = [],
}: DemoOptions): readonly ExtensionSource[] {
  const orders = demo === null ? [] : [orderExtension({ demo, faults, lab, crash })];
  return [...orders, { name: 'test', panels: services }];
}

/** A demo without rows. */
export function emptyDemo(rows: Partial<OrderDemo> = {}): OrderDemo {
  const none = async () => ({ items: [], nextCursor: null });
  return {
    orderBody: OrderBody,
    parseOrder: async (body) => {
      const parsed = await parseWith(OrderBody, body);
      return { input: parsed, key: parsed.orderId };
    },
    currency: 'EUR',
    inventory: async () => ({ items: [], reservations: [] }),
    payments: none,
    paymentTotals: async () => ({
      charges: 0,
      charged: '0.00',
      refunds: 0,
      refunded: '0.00',
      net: '0.00',
      currency: null,
    }),
    notifications: none,
    orders: none,
    invariants: async () => [],
    ...rows,
  };
}
