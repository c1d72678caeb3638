/** An engine with one small saga, for tests of how the server is mounted and of its forms. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Activities,
  type Backstep,
  type EventSchemas,
  openBackstep,
} from '../../src/index.ts';
import { defineSaga } from '../../src/core/define/saga.ts';

export type ShopActivities = Record<'pack' | 'unpack', (input: object) => object>;

const ship = z.object({ carrier: z.enum(['post', 'courier']), parcels: z.int().min(1).max(9) });

/** Waits for somebody who ships it. */
const shop = defineSaga({
  id: 'shop',
  activities: {} as ShopActivities,
  events: { ship, lose: z.looseObject({}) },
  input: z.object({
    item: z.string().min(2).max(40).meta({ description: 'What is packed.' }),
    count: z.int().min(1).max(9).default(1),
    isGift: z.boolean().optional(),
  }),
})
  .step('pack', {
    input: ({ input }) => input,
    compensate: { activity: 'unpack', input: () => ({}) },
  })
  .wait('shipping', { on: { ship: 'continue', lose: 'compensate' }, within: '30d' })
  .build();

export interface ShopEngine {
  readonly backstep: Backstep;
  dispose(): Promise<void>;
}

/** Opens it on a database of its own; `events`: schemas that are given at registration. */
export async function openShop(events: EventSchemas = {}): Promise<ShopEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-shop-'));
  const backstep = await openBackstep({ database: join(folder, 'shop.db') });
  const activities: Activities<ShopActivities> = { pack: () => ({}), unpack: () => ({}) };
  backstep.register(shop, { activities, events });
  await backstep.start();
  return {
    backstep,
    async dispose() {
      await backstep.stop({ within: 0 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
