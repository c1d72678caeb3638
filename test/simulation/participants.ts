/**
 * The order saga's activities, bound to the simulated world: the payment always remote, the other
 * three either transactional on the engine's own disk or remote as well.
 */
import { transactional, type Activities, type ActivityContext } from '../../src/core/activity.ts';
import type { OrderActivities, OrderLine } from '../../machines/order.ts';
import { type BookOp, statementOf, type StepName } from './books.ts';
import type { Plant } from './plant.ts';
import type { Caller, World } from './world.ts';

/** Where the effects of stock, mail and order are. */
export type Flavor = 'transactional' | 'remote';

export interface ParticipantOptions {
  readonly world: World;
  readonly caller: Caller;
  readonly flavor: Flavor;
  readonly plant: Plant;
  /** Told of every call before it leaves. */
  readonly onCall: (op: BookOp, context: ActivityContext) => void;
}

interface What {
  readonly orderId: string;
  readonly quantity?: number;
  readonly amountMinor?: number;
}

/** Activities of one process. */
export function createParticipants(options: ParticipantOptions): Activities<OrderActivities> {
  const { world, caller, plant } = options;

  async function remote(op: BookOp, context: ActivityContext): Promise<void> {
    for (const each of plant.ops?.(op, context) ?? [op]) {
      options.onCall(each, context);
      try {
        await world.call(each, caller);
      } catch (error) {
        throw plant.thrown?.(error) ?? error;
      }
    }
  }

  async function planned(op: BookOp, context: ActivityContext): Promise<void> {
    options.onCall(op, context);
    await world.work(`${op.orderId}/${op.step}/${op.kind}`, caller);
  }

  function local<Input extends What, Output>(
    kind: BookOp['kind'],
    step: StepName,
    output: (op: BookOp) => Output,
  ) {
    if (options.flavor === 'remote') return call(kind, step, output);
    return transactional<Input, Output>(async (input, context) => {
      const op = toOp(kind, step, input, context);
      await planned(op, context);
      return { statements: [statementOf(op)], output: output(op) };
    });
  }

  function call<Output>(kind: BookOp['kind'], step: StepName, output: (op: BookOp) => Output) {
    return async (input: What, context: ActivityContext): Promise<Output> => {
      const op = toOp(kind, step, input, context);
      await remote(op, context);
      return output(op);
    };
  }

  const nothing = (): void => {};
  return {
    reserveInventory: local<OrderLine, { reservationId: string }>(
      'apply',
      'reserveInventory',
      ({ key }) => ({ reservationId: key }),
    ),
    releaseInventory: local('undo', 'reserveInventory', nothing),
    processPayment: call('apply', 'processPayment', ({ key }) => ({ transactionId: key })),
    refundPayment: call('undo', 'processPayment', ({ key }) => ({ refundId: key })),
    sendConfirmation: local('apply', 'sendConfirmation', ({ key }) => ({ notificationId: key })),
    cancelConfirmation: local('undo', 'sendConfirmation', nothing),
    updateOrder: local('apply', 'updateOrder', () => ({ status: 'confirmed' as const })),
    revertOrder: local('undo', 'updateOrder', nothing),
  };
}

function toOp(kind: BookOp['kind'], step: StepName, input: What, context: ActivityContext): BookOp {
  const { sagaId, forwardKey } = context;
  const { orderId, quantity = 0, amountMinor = 0 } = input;
  const key = kind === 'undo' ? (forwardKey ?? '') : context.key;
  return { kind, step, key, sagaId, orderId, quantity, amountMinor };
}
