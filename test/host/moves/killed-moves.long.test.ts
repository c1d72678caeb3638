/** A move whose process is killed at each point where it tells how far it is, and ordered again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { engine, findingsIn, label, until } from './moving.ts';
import { parcelSaga, roundSaga, World } from './parcel-sagas.ts';
import { runnableIn } from './runnable.ts';

const PROGRAM = fileURLToPath(new URL('./move-process.ts', import.meta.url));
const KILLS_MS = 300_000;

/** Of one order: whether it was killed before it was done. */
async function killedAt(nth: number, args: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, ...args, String(nth)], { stdio: 'inherit' });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') expect(code).toBe(0);
  return signal === 'SIGKILL';
}

test(
  'never do both databases run a saga, and in the end each effect stands once',
  async () => {
    const source = temporaryDatabase();
    const target = join(dirname(source), 'target.db');
    const file = join(dirname(source), 'sagas.jsonl');
    const world = new World();
    const old = await engine(source, world);
    const parcels = await Promise.all(
      ['a', 'b'].map((parcel) =>
        old.spawn(parcelSaga, { input: { parcel, way: 'air' }, key: parcel }),
      ),
    );
    const round = await old.spawn(roundSaga, { input: { parcel: 'r', way: 'sea' } });
    const leg = `${round.id}.leg.1`;
    for (const id of [...parcels.map((each) => each.id), leg]) await until(old, id, 'waiting');
    await old.stop({ within: 0 });
    expect(runnableIn(source)).toHaveLength(4);

    let kills = 0;
    for (const order of ['export', 'import', 'done']) {
      const args = [order, source, target, file];
      for (let nth = 1; await killedAt(nth, args); nth += 1) {
        kills += 1;
        const here = new Set(runnableIn(source));
        expect(runnableIn(target).filter((id) => here.has(id))).toEqual([]);
      }
      if (order === 'export') {
        // An engine that is started there meanwhile runs nothing of what leaves.
        const during = await engine(source, world);
        await during.stop({ within: 0 });
        expect(await killedAt(0, args)).toBe(false);
      }
    }
    // Two points of leaving, each saga that is written and checked, some of those that come, and two of the
    // end. Families come at once: some may have come when one is killed, and are told of no more.
    expect(kills).toBeGreaterThan(9);
    expect(runnableIn(source)).toEqual([]);
    expect(runnableIn(target)).toHaveLength(4);
    expect([await findingsIn(source), await findingsIn(target)]).toEqual([[], []]);

    const there = await engine(target, world);
    for (const { id } of parcels) await there.saga(id).send(label);
    await there.saga(leg).send({ type: 'arrived' });
    for (const { id } of [...parcels, round]) {
      expect(await there.saga(id).settled()).toMatchObject({ status: 'completed' });
    }
    await there.stop({ within: '1s' });
    expect([...world.effects.values()]).toEqual(Array.from({ length: 6 }, () => 1));
    expect(await findingsIn(target)).toEqual([]);
  },
  KILLS_MS,
);
