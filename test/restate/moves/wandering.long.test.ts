/**
 * Sagas that are moved again and again while they are in the middle of their work, between Restate and
 * databases, and come to what they would have come to.
 */
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { ActivityContext } from '../../../src/core/activity.ts';
import { PermanentError, TransientError } from '../../../src/core/failure.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { finishMove } from '../../../src/host/moves/close-move.ts';
import { exportSagas } from '../../../src/host/moves/export-sagas.ts';
import { importSagas } from '../../../src/host/moves/import-sagas.ts';
import {
  exportFromRestate,
  finishMoveOnRestate,
  importToRestate,
} from '../../../src/restate/face/moves/moving.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';
import { parcelSaga } from '../../conformance/sagas.ts';
import { describeOnPostgres, migratedDatabase } from '../../postgres/databases.ts';
import { temporaryDatabase } from '../../store/store-fixture.ts';
import { describeOnRestate } from '../rig.ts';
import { findingsIn } from '../stage.ts';
import { standOf } from './stand.ts';

const PATIENCE_MS = 240_000;
const SOON = { within: '60s' } as const;
const SAGAS = 24;
/** So many calls have their effect before all are moved; every third saga undoes what it did. */
const HOPS = [20, 45, 70, 95];
const FAILING = 3;

/** A service that every host calls. What it does not let through yet hangs until it is cut off. */
class Service {
  readonly effects = new Map<string, number>();
  #left = 0;
  #isSpent: () => void = () => {};

  /** Lets so many calls through. Resolves once they are, and the next one hangs. */
  lets(calls: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#left = calls;
    this.#isSpent = resolve;
    return promise;
  }

  readonly call = async (
    { of }: { readonly of: string },
    { key, signal }: Pick<ActivityContext, 'key' | 'signal'>,
  ) => {
    if (this.#left === 0) {
      this.#isSpent();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(CUT)));
    }
    this.#left -= 1;
    this.effects.set(key, (this.effects.get(key) ?? 0) + 1);
    if (isFailing(of) && key.includes('/ship/forward/')) throw new PermanentError('no', 'refused');
    return { receipt: key };
  };

  register(backstep: Pick<Backstep, 'register'>): void {
    const names = 'reserve release pay refund pack unpack ship recall'.split(' ');
    const activities = Object.fromEntries(names.map((name) => [name, this.call]));
    const findPayment = () => ({ kind: 'unknown' });
    backstep.register<object>(parcelSaga, { activities: { ...activities, findPayment } });
  }
}

const CUT = new TransientError('cut', 'cut off');

function isFailing(of: string): boolean {
  return of.endsWith('-fails');
}

/** Every key that a saga asks for. */
function keysOf(id: string, of: string): readonly string[] {
  const forward = ['reserve', 'pay', 'pack', 'ship'].map((step) => `${id}/${step}/forward/1`);
  if (!isFailing(of)) return forward;
  return [...forward, ...['pack', 'pay', 'reserve'].map((step) => `${id}/${step}/compensate/1`)];
}

describeOnRestate('sagas that wander', () => {
  describeOnPostgres('between three hosts', () => {
    test(
      'in the middle of their work run each step under one key, and end as they should',
      async () => {
        const service = new Service();
        const stand = await standOf((each) => service.register(each));
        const { face, at, stage, database } = stand;
        const folder = dirname(temporaryDatabase());
        const databases = [join(folder, 'one.db'), (await migratedDatabase()).url];
        const names = Array.from(
          { length: SAGAS },
          (_, nth) => `p-${nth}${nth % FAILING === 0 ? '-fails' : ''}`,
        );
        let spent = service.lets(HOPS[0] ?? 0);
        const ids = new Map<string, string>();
        for (const of of names) {
          ids.set(of, (await face.spawn(parcelSaga, { input: { of }, key: of })).id);
        }
        let moved = 0;
        for (const [hop, calls] of HOPS.entries()) {
          const target = databases[Math.floor(hop / 2)] ?? '';
          const file = join(folder, `${hop}.jsonl`);
          const order = { sagas: 'all', to: file, place: `hop ${hop}` } as const;
          const next = (HOPS[hop + 1] ?? Infinity) - calls;
          if (hop % 2 === 0) {
            await spent;
            moved += (await exportFromRestate({ ...at, ...order })).sagas.length;
            await importSagas({ database: target, from: file, definitions: [parcelSaga] });
            await finishMoveOnRestate({ ...at, file });
            spent = service.lets(next);
          } else {
            const engine = await openBackstep({ database: target });
            service.register(engine);
            await engine.start();
            await spent;
            await engine.stop({ within: 0 });
            moved += (await exportSagas({ database: target, ...order })).sagas.length;
            spent = service.lets(next);
            await importToRestate({ ...at, from: file });
            await finishMove({ database: target, file });
          }
        }
        expect(moved).toBeGreaterThan(2 * SAGAS);
        const statuses = await Promise.all(
          names.map(async (of) => (await face.saga(ids.get(of) ?? '').settled(SOON)).status),
        );
        // Those that ended in a database stayed there; here they are as they left.
        const ended = names.filter((_, nth) => statuses[nth] !== 'terminated');
        for (const of of ended) {
          expect(statuses[names.indexOf(of)]).toBe(isFailing(of) ? 'compensated' : 'completed');
        }
        expect(ended.length).toBeGreaterThan(SAGAS / 4);
        const wanted = names.flatMap((of) => keysOf(ids.get(of) ?? '', of));
        // What was cut off may have happened, so that a refused ship is recalled where it was cut off.
        const recalls = new Set(names.map((of) => `${ids.get(of)}/ship/compensate/1`));
        const asked = [...service.effects.keys()].filter((key) => !recalls.has(key));
        expect(asked.toSorted()).toEqual(wanted.toSorted());
        await expect.poll(() => stage.callsOf('backstep-'), { timeout: 20_000 }).toEqual([]);
        await stage.closeFace();
        for (const each of [database, ...databases]) {
          expect(await findingsIn(each, [parcelSaga])).toEqual([]);
        }
      },
      PATIENCE_MS,
    );
  });
});
