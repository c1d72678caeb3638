/** How a saga goes on that was parked because its version was gone. */
import type { OperatorCommand } from '../../core/turn/inbound.ts';

export const VERSION_IS_BACK: OperatorCommand = {
  name: 'retry',
  by: 'engine',
  reason: 'its version is registered again',
};
