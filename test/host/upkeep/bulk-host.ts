import type { Backstep } from '../../../src/host/backstep.ts';
import type { BulkHost } from '../../../src/host/upkeep/bulk-actions.ts';

/** An engine as bulk commands of a test's own have it. */
export function bulkHost(backstep: Backstep): BulkHost {
  return { ...backstep, saga: (id) => backstep.saga(id) };
}
