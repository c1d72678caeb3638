/**
 * A whole program as users run it, one of several with the same configuration: an engine over
 * PostgreSQL, its server on any free port, and a saga whose activities write down each call.
 *
 * Says on its channel where it listens and when it owns the database. Ends with its parent.
 */
import { appendFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { activity, type ActivityContext } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import { serveBackstep } from '../../src/server/serve-backstep.ts';

/** What such a process says. */
export type ParcelProcessSays =
  { readonly kind: 'listening'; readonly url: string } | { readonly kind: 'owner' };

/** A call of an activity, as a line of JSON in the file of effects. */
export interface Effect {
  readonly activity: 'book' | 'ship';
  readonly parcel: string;
  /** The idempotency key. */
  readonly key: string;
}

type Parcel = { readonly name: string };
type ParcelActivities = { book: (input: Parcel) => null; ship: (input: Parcel) => null };

const input = ({ context: { name } }: { context: Parcel }): Parcel => ({ name });

const machine = setup({
  types: {
    context: {} as Parcel & { readonly lines: readonly string[] },
    input: {} as Parcel,
    events: {} as { type: 'write'; line: string } | { type: 'close' },
  },
  actors: { book: activity<Parcel, null>(), ship: activity<Parcel, null>() },
}).createMachine({
  id: 'parcel',
  context: ({ input: { name } }) => ({ name, lines: [] }),
  initial: 'open',
  states: {
    open: {
      tags: ['waiting'],
      on: {
        write: {
          actions: assign({ lines: ({ context, event }) => [...context.lines, event.line] }),
        },
        close: 'booking',
      },
    },
    booking: {
      meta: { step: 'book' },
      invoke: { id: 'book', src: 'book', input, onDone: 'shipping', onError: 'stuck' },
    },
    shipping: {
      meta: { step: 'ship' },
      invoke: { id: 'ship', src: 'ship', input, onDone: 'shipped', onError: 'stuck' },
    },
    stuck: { type: 'final', tags: ['compensated'] },
    shipped: { type: 'final', tags: ['completed'] },
  },
});

const parcelSaga = durable<ParcelActivities>(machine, {
  version: 1,
  input: z.object({ name: z.string() }),
  events: { write: z.object({ line: z.string() }) },
});

const [database = '', effects = ''] = process.argv.slice(2);
const say = (message: ParcelProcessSays): void => void process.send?.(message);

process.on('disconnect', () => process.exit(1));
const backstep = await openBackstep({ database, onFatal: () => process.exit(1) });
backstep.register(parcelSaga, { activities: { book: noting('book'), ship: noting('ship') } });
const server = await serveBackstep({ backstep, port: 0, requestsPerSecond: null });
let isStopping = false;
process.on('SIGTERM', () => void stop());
say({ kind: 'listening', url: server.url });
try {
  await backstep.start();
  say({ kind: 'owner' });
} catch (error) {
  if (!isStopping) throw error;
}

async function stop(): Promise<void> {
  isStopping = true;
  await server.close();
  await Promise.all([server.stop(), backstep.stop()]);
  process.exit(0);
}

/** Each call is in the file before anything of it can get lost. */
function noting(name: Effect['activity']) {
  return async ({ name: parcel }: Parcel, { key }: ActivityContext): Promise<null> => {
    const effect: Effect = { activity: name, parcel, key };
    appendFileSync(effects, `${JSON.stringify(effect)}\n`);
    await nextTurn();
    return null;
  };
}
