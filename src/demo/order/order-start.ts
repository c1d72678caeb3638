/**
 * Starts the saga of an order, for the JSON route and the form alike.
 */
import { BackstepError } from '../../core/errors.ts';
import type { Backstep, SpawnOptions } from '../../host/backstep.ts';
import type { Spawned } from '../../host/saga-handle.ts';
import { ORDER_SAGA, type ParsedOrder } from './order-demo.ts';

/** Starts it once per order id. Throws `conflict`, with the cure, for an id with another order. */
export async function startOrder(
  backstep: Backstep,
  { input, key }: ParsedOrder,
  trace: Pick<SpawnOptions, 'traceparent'> = {},
): Promise<Spawned> {
  try {
    return await backstep.spawn(ORDER_SAGA, { input, key, ...trace });
  } catch (error) {
    if (!(error instanceof BackstepError) || error.code !== 'conflict') throw error;
    // The engine speaks of keys of any saga; here a key is what the person typed as the order id.
    throw new BackstepError('conflict', `${error.message}: choose another order id`, {
      cause: error,
    });
  }
}
