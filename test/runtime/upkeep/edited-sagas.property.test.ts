/**
 * Whatever is edited in a saga while others of it are in flight, stopped at any point: none of them
 * ends compensated while something that it did stands, and none hangs.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { BackstepError } from '../../../src/core/errors.ts';
import type { Migration } from '../../../src/core/history/migration.ts';
import { isSettled } from '../../../src/core/status.ts';
import { memoryDatabases } from '../../../src/store/sqlite/memory-store.ts';
import { FakeActivities } from '../../../src/testing/fake-activities.ts';
import { ProcessDied } from '../../../src/testing/test-process.ts';
import { openTestEngine, type TestEngine } from '../../../src/testing/test-engine.ts';
import { edited, ENDING, type Life, life, NAMES, sagaOf, TELLING } from './edited-lives.ts';

const RUNS = 80;

const newDatabase = await memoryDatabases();

/** Any activity of any of the sagas. */
function fakesOf(definition: SagaDefinition, { outcomes }: Life): FakeActivities {
  const activities = NAMES.flatMap((name) => [name, `un${name}`]);
  const script = Object.fromEntries(
    outcomes.map((each, index) => [NAMES[index] ?? '', [each, each]] as const),
  );
  return new FakeActivities({ ...definition, activities }, { script });
}

const statusOf = async (engine: TestEngine, id: string) =>
  (await engine.backstep.read.saga(id))?.status ?? 'running';

/** Lets time pass, with an answer for every wait, until the saga is settled. */
async function lived(engine: TestEngine, id: string, answer: string): Promise<void> {
  for (let looks = 0; looks < 8; looks++) {
    await engine.quiet();
    const status = await statusOf(engine, id);
    if (isSettled(status)) return;
    if (status === 'waiting') {
      if (answer === 'none') return;
      await engine.backstep
        .saga(id)
        .send({ type: answer })
        .catch((error: unknown) => {
          // The drawing that it is on takes no such event any more; its wait expires.
          if (!(error instanceof BackstepError) || error.code !== 'not-legal') throw error;
        });
      await engine.quiet();
    }
    const isStill = (await statusOf(engine, id)) === 'waiting';
    await engine.advance(isStill ? '1h' : '1m');
  }
}

type Tally = Record<'compensated' | 'completed' | 'parked' | 'other', number>;

/** What must hold of every life; `drawn`: what becomes of each definition before it is registered. */
function everyLife(tally: Tally, drawn: (definition: SagaDefinition) => SagaDefinition) {
  return fc.asyncProperty(life, async (one) => {
    const version = one.upgrade.way === 'in-place' ? 1 : 2;
    const after = edited(one.blocks, one.upgrade.edits);
    const first = sagaOf(one.blocks, 1);
    const last = sagaOf(after, version);
    fc.pre(first !== null && last !== null);
    if (first === null || last === null) return;
    const [v1, next] = [drawn(first), drawn(last)];
    const database = newDatabase();
    const fakes = fakesOf(v1, one);
    let left = one.dies;
    // What asks a dead process waits for ever.
    const died = Promise.withResolvers<never>();
    died.promise.catch(() => {});
    const engine: TestEngine = await openTestEngine(v1, fakes, {
      database,
      hooks: {
        afterCommit: () => {
          if ((left -= 1) !== 0) return;
          engine.kill();
          died.reject(new ProcessDied());
        },
      },
    });
    let id = '';
    try {
      id = await engine.spawn(null);
      await Promise.race([lived(engine, id, one.first), died.promise]);
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error;
    }
    if (left > 0) engine.kill();
    fakes.forgetHanging();

    // What the new name of a renamed block was, by position before any other edit.
    const renamed = one.upgrade.edits.findIndex(({ kind }) => kind === 'rename');
    const old = edited(one.blocks, one.upgrade.edits.slice(0, renamed))[
      (one.upgrade.edits[renamed]?.at ?? 0) % one.blocks.length
    ]?.name;
    const isMapped = one.upgrade.way === 'mapped' && renamed !== -1 && old !== undefined;
    const migration: Migration = ({ state }) => {
      if (!isMapped || old === undefined) return {};
      const text = JSON.stringify(state).replaceAll(`"${old}"`, '"renamed"');
      return { state: JSON.parse(text) as typeof state, steps: { [old]: 'renamed' } };
    };
    const options = { database, startMs: engine.clock.nowMs() };
    const bindings = {
      activities: fakes.activities,
      ...(version === 1 ? {} : { migrate: { 1: migration } }),
      get hanging() {
        return fakes.hanging;
      },
    };
    const second = await openTestEngine(next, bindings, options);
    const known = (await second.backstep.read.listSagas({}, { limit: 1, cursor: null })).items[0];
    if (known === undefined) return second.close(); // it died before it began
    await lived(second, known.id, one.second);
    const status = await statusOf(second, known.id);
    if (status === 'compensated') {
      expect(fakes.standing).toEqual([]);
      tally.compensated += 1;
    } else if (status === 'completed') tally.completed += 1;
    else if (status === 'parked') tally.parked += 1;
    else tally.other += 1;
    expect(isSettled(status)).toBe(true);

    // What was parked for its version goes on under the one that it had, and is undone or done.
    const error = (await second.backstep.read.saga(known.id))?.error ?? '';
    if (status === 'parked') {
      expect(error).toMatch(/^version-missing: /);
      second.kill();
      fakes.forgetHanging();
      const third = await openTestEngine(v1, fakes, {
        ...options,
        startMs: second.clock.nowMs(),
      });
      await lived(third, known.id, one.second);
      const end = await statusOf(third, known.id);
      expect(isSettled(end)).toBe(true);
      expect(end).not.toBe('parked');
      if (end === 'compensated') expect(fakes.standing).toEqual([]);
      third.close();
    } else second.close();
  });
}

const nothing = (): Tally => ({ compensated: 0, completed: 0, parked: 0, other: 0 });

test('no saga ends compensated while an effect of it stands, and none hangs', async () => {
  const tally = nothing();
  const examples = [...Object.values(TELLING), ...ENDING].map((each): [Life] => [each]);
  await fc.assert(
    everyLife(tally, (definition) => definition),
    { numRuns: RUNS, examples },
  );
  expect([tally.compensated, tally.completed, tally.parked].every((count) => count > 0)).toBe(true);
});

test.each(Object.entries(TELLING))(
  'an effect stands where a step %s, and sagas are not held to what they have started',
  async (_, telling) => {
    const unheld = (definition: SagaDefinition) => ({ ...definition, speaksOfSteps: false });
    const { errorInstance } = await fc.check(everyLife(nothing(), unheld), {
      numRuns: 1,
      examples: [[telling]],
      endOnFailure: true,
    });
    expect(String(errorInstance)).toMatch(/expected \[ 'a'/);
  },
);
