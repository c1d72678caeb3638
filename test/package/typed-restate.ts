/**
 * What the types of sagas on Restate promise, read by the compiler alone: here, and in a foreign
 * project against the packed library, without the SDK. A line under `@ts-expect-error` must be refused.
 */
import { transactional } from '../../src/index.ts';
import {
  detached,
  type ListenAt,
  openRestateBackstep,
  type RestateOptions,
  serveWorker,
  type Worker,
  type WorkerOptions,
} from '../../src/restate.ts';
import { tripSaga } from './typed-api.ts';

/** A worker takes the implementations that the definition asks for. */
export async function workedOn(more: Omit<WorkerOptions, 'port' | 'register'>): Promise<Worker> {
  // @ts-expect-error a worker without sagas serves nobody
  await serveWorker({ port: 9080 });
  const worker = await serveWorker({
    ...more,
    port: 9080,
    // @ts-expect-error the activities are missing
    register: (it) => it.register(tripSaga, { activities: {} }),
  });
  return worker;
}

/** The face is a Backstep as any other: its handles know their sagas. */
export async function faced(options: Omit<RestateOptions, 'listen'>): Promise<string> {
  // @ts-expect-error what is not written yet is brought to this place
  await openRestateBackstep(options);
  const listen: ListenAt = { port: 9081, url: 'http://face.internal:9081' };
  const backstep = await openRestateBackstep({ ...options, listen });
  const trip = await backstep.spawn(tripSaga, { input: { trip: 't-1' }, key: 't-1' });
  // @ts-expect-error the saga waits for no such event
  await trip.send({ type: 'aprove', by: 'Ada', limit: '5' });
  return trip.id;
}

/** A transactional activity becomes a plain one over the writes of one's own database. */
export const book = detached(
  transactional((input: { trip: string }) => ({ statements: [], output: { booking: input.trip } })),
  async () => ({ kind: 'unmet', code: 'sold-out', message: 'no room is left' }),
);
