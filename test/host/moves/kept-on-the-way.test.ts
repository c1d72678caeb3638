/** What sagas keep on their way: their place in line, long journals, what a crash had cut off. */
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { finishMove } from '../../../src/host/moves/close-move.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { connect, temporaryDatabase } from '../../store/store-fixture.ts';
import { engine, moveTo, until } from './moving.ts';
import { parcelSaga, World } from './parcel-sagas.ts';

interface GateActivities {
  open(input: { gate: string }): void;
  shut(input: { gate: string }): void;
}

const input = (view: { readonly input: { readonly gate: string } }) => view.input;
const gateSaga = defineSaga({
  id: 'gate',
  input: z.object({ gate: z.string() }),
  activities: {} as GateActivities,
})
  .step('open', { input, compensate: { activity: 'shut', input } })
  .wait('passing', { on: { passed: 'continue' }, within: '24h' })
  .build();

async function oneAtATime(database: string, opened: string[]) {
  const backstep = await openBackstep({ database });
  const open = ({ gate }: { readonly gate: string }): void => void opened.push(gate);
  backstep.register(gateSaga, { activities: { open, shut: () => {} }, concurrency: 1 });
  await backstep.start();
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

test('those in line keep their order, and begin where they went, one after the other', async () => {
  const source = temporaryDatabase();
  const target = join(dirname(source), 'target.db');
  const file = join(dirname(source), 'sagas.jsonl');
  const opened: string[] = [];
  const old = await oneAtATime(source, opened);
  const ids: string[] = [];
  for (const gate of ['a', 'b', 'c']) {
    ids.push((await old.spawn(gateSaga, { input: { gate }, key: gate })).id);
  }
  const [first = ''] = ids;
  await until(old, first, 'waiting');
  // Enough of them that its journal takes more than one line of the file.
  for (let count = 0; count < 210; count += 1) {
    await old.saga(first).command({ name: count % 2 === 0 ? 'pause' : 'resume', by: 'ada' });
  }
  await old.stop({ within: 0 });
  await exportSagas({ database: source, sagas: 'all', to: file, place: 'there' });
  await importSagas({ database: target, from: file, definitions: [gateSaga] });
  await finishMove({ database: source, file });
  const lines = connect(target).prepare('SELECT count(*) FROM journal').pluck();
  expect(lines.get()).toBeGreaterThan(210);

  const there = await oneAtATime(target, opened);
  expect(there.startQueue('gate')).toMatchObject({ active: 1, queued: 2 });
  for (const id of ids) {
    await there.saga(id).waitFor(({ steps }) => steps.some(({ status }) => status === 'completed'));
    await there.saga(id).send({ type: 'passed' });
    expect(await there.saga(id).settled()).toMatchObject({ status: 'completed' });
  }
  expect(opened).toEqual(['a', 'b', 'c']);
  expect(await there.read.audit(first)).toHaveLength(210);
  await there.stop({ within: 0 });
  // Where they were their places are free.
  const again = await oneAtATime(source, opened);
  expect(again.startQueue('gate')).toMatchObject({ active: 0, queued: 0 });
});

test('an attempt that a crash cut off counts as cut off where it goes on', async () => {
  const source = temporaryDatabase();
  const target = join(dirname(source), 'target.db');
  const file = join(dirname(source), 'sagas.jsonl');
  const world = new World();
  world.trouble.set('p', 'hangs');
  const old = await engine(source, world);
  const { id } = await old.spawn(parcelSaga, { input: { parcel: 'p', way: 'air' } });
  await old.saga(id).waitFor(() => world.effects.size > 0, { within: '10s' });
  await old.stop({ within: 0 });
  // As a process leaves it that was killed.
  connect(source).exec('UPDATE engine SET left_clean = 0');
  await moveTo(source, target, file);
  world.trouble.clear();
  const there = await engine(target, world);
  await until(there, id, 'waiting');
  const { items } = await there.read.transitions(id, { limit: 9, cursor: null });
  const interrupted = items.find(({ cause }) => cause === 'interrupted');
  expect(interrupted?.data).toContain('started again after the process ended, dispatch 2 of');
});
