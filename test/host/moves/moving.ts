/** Engines and databases between which sagas are moved. */
import { onTestFinished } from 'vitest';
import type { Backstep } from '../../../src/host/backstep.ts';
import { finishMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { legSaga, parcelSaga, roundSaga, type World } from './parcel-sagas.ts';

export const definitions = [parcelSaga, roundSaga, legSaga];

/** An engine with the sagas, that is stopped with the test. */
export async function engine(database: string, world: World): Promise<Backstep> {
  const backstep = await openBackstep({ database });
  world.register(backstep);
  await backstep.start();
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

/** What the doctor finds. */
export async function findingsIn(database: string): Promise<readonly unknown[]> {
  const examination = examineDatabase({ database }, definitions);
  for (;;) {
    const step = await examination.next();
    if (step.done === true) return step.value.findings;
  }
}

/** Resolves when the saga has the status. */
export async function until(backstep: Backstep, id: string, status: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // A child may not be there yet.
  const stop = backstep.subscribe((entry) => {
    if (entry.sagaId === id && entry.status === status) resolve();
  });
  if ((await backstep.read.saga(id))?.status === status) resolve();
  await promise.finally(stop);
}

/** Lets a parcel go on. */
export const label = { type: 'labelled' } as const;

/** One saga in each situation, by what it is called. */
export async function inEverySituation(backstep: Backstep, world: World) {
  const start = (parcel: string, more: { delay?: '1h' } = {}) =>
    backstep.spawn(parcelSaga, { input: { parcel, way: 'air' }, key: parcel, ...more });
  world.trouble.set('hanging', 'hangs').set('given-up', 'broken').set('subscriber', 'away');
  const waiting = await start('waiting');
  const paused = await start('paused');
  const hanging = await start('hanging');
  const scheduled = await start('scheduled', { delay: '1h' });
  const failed = await start('given-up-later');
  const shipped = await start('shipped');
  const round = await backstep.spawn(roundSaga, {
    input: { parcel: 'round', way: 'sea' },
    key: 'round',
  });
  for (const { id } of [waiting, paused, failed, shipped]) await until(backstep, id, 'waiting');
  await paused.command({ name: 'pause', by: 'ada', reason: 'wait for her' });
  world.trouble.set('given-up-later', 'broken');
  await failed.send({ type: 'refused' });
  await until(backstep, failed.id, 'compensation_failed');
  await shipped.send(label);
  await shipped.settled();
  const leg = `${round.id}.leg.1`;
  await until(backstep, leg, 'waiting');
  await hanging.waitFor(() => world.effects.size > 0, { within: '10s' });
  return { waiting, paused, hanging, scheduled, failed, shipped, round, leg };
}

/** The whole of a move. */
export async function moveTo(source: string, target: string, file: string) {
  const moved = await exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });
  await importSagas({ database: target, from: file, definitions });
  await finishMove({ database: source, file });
  return moved;
}
