/**
 * The demo's statements as the server shows them: what may be off while sagas are under way is only
 * settling then.
 */
import type { Invariant } from '../../server/dashboard/services/invariants.ts';
import type { DemoContext } from '../demo-context.ts';
import { ORDER_SAGA } from './order-demo.ts';

/** The statements as they stand now. May be slow, as `OrderDemo.invariants` is. */
export async function orderInvariants({
  demo,
  backstep,
}: Pick<DemoContext, 'demo' | 'backstep'>): Promise<readonly Invariant[]> {
  const invariants = await demo.invariants();
  const counts = await backstep.read.statusCounts(ORDER_SAGA);
  // A dead letter is also something that is not settled between the books.
  const isAtRest =
    counts.running + counts.waiting + counts.compensating + counts.compensation_failed === 0;
  return invariants.map(({ isExactAtRestOnly, ...invariant }) => ({
    ...invariant,
    isSettling: isExactAtRestOnly && !isAtRest,
  }));
}
