/** What is told of sagas that are moved to another database, and of a database that was restored. */
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Alert } from '../../../src/host/alerts/alert-options.ts';
import { backupDatabase, restoreDatabase } from '../../../src/host/upkeep/backup.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { moveTo, until } from '../moves/moving.ts';
import { parcelSaga, World } from '../moves/parcel-sagas.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';

/** Somebody who is told, and waits for it. */
class Desk {
  readonly told: { readonly id: string; readonly alert: Alert }[] = [];
  #listener: () => void = () => {};

  readonly take = (alert: Alert, { id }: { readonly id: string }): void => {
    this.told.push({ id, alert });
    setImmediate(() => this.#listener()); // once it counts as taken
  };

  /** Resolves with what the nth message is, once it came. */
  async came(count: number): Promise<readonly unknown[]> {
    while (this.told.length < count) {
      await new Promise<void>((resolve) => (this.#listener = resolve));
    }
    const { alert } = this.told[count - 1] ?? {};
    return [alert?.type, alert?.data.now, alert?.data.total];
  }
}

async function engine(database: string, world: World, desk: Desk) {
  const backstep = await openBackstep({
    database,
    alerts: {
      rules: [{ name: 'letters', when: { kind: 'dead-letter' } }],
      targets: { desk: desk.take },
      gather: 0,
    },
  });
  world.register(backstep);
  await backstep.start();
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

/** A saga that waits in a dead letter, because its compensation is refused. */
async function givenUp(backstep: Awaited<ReturnType<typeof engine>>, world: World) {
  const saga = await backstep.spawn(parcelSaga, { input: { parcel: 'p', way: 'air' } });
  await until(backstep, saga.id, 'waiting');
  world.trouble.set('p', 'broken');
  await saga.send({ type: 'refused' });
  await until(backstep, saga.id, 'compensation_failed');
  return saga.id;
}

it('a dead letter that is moved is over where it was, and told anew where it came', async () => {
  const source = temporaryDatabase();
  const target = join(dirname(source), 'target.db');
  const world = new World();
  const [here, there] = [new Desk(), new Desk()];
  const old = await engine(source, world, here);
  const id = await givenUp(old, world);
  expect(await here.came(1)).toEqual(['alert.opened', 1, 1]);
  await old.stop();
  await moveTo(source, target, join(dirname(source), 'sagas.jsonl'));
  // One engine after the other: a rule there is held against what came before its engine began.
  const next = await engine(target, world, there);
  expect(await there.came(1)).toEqual(['alert.opened', 1, 1]);
  expect(there.told[0]?.alert.data.sagas).toEqual([id]);
  await engine(source, world, here);
  expect(await here.came(2)).toEqual(['alert.resolved', 0, 1]);
  world.trouble.clear();
  await next.saga(id).command({ name: 'retry' });
  expect(await there.came(2)).toEqual(['alert.resolved', 0, 1]);
  expect([here.told.length, there.told.length]).toEqual([2, 2]);
});

it('what is told after a restore has an id that nobody had before', async () => {
  const database = temporaryDatabase();
  const [backup, restored] = ['backup', 'restored'].map((name) =>
    join(dirname(database), `${name}.db`),
  );
  const world = new World();
  const desk = new Desk();
  const lost = await engine(database, world, desk);
  const id = await givenUp(lost, world);
  expect(await desk.came(1)).toEqual(['alert.opened', 1, 1]);
  await lost.stop();
  await backupDatabase({ database, to: backup ?? '' });
  const on = await engine(database, world, desk);
  await on.saga(id).command({ name: 'accept-partial' });
  expect(await desk.came(2)).toEqual(['alert.resolved', 0, 1]);
  await on.stop();
  await restoreDatabase({ from: backup ?? '', database: restored ?? '' });
  // It is open again there, of which somebody was told; only that it is over is new.
  const again = await engine(restored ?? '', world, desk);
  await again.saga(id).command({ name: 'accept-partial' });
  expect(await desk.came(3)).toEqual(['alert.resolved', 0, 1]);
  expect(new Set(desk.told.map((told) => told.id)).size).toBe(3);
});
