/** A saga the engine cannot go on with is parked, alone, with a dead letter. */
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { EngineHarness } from '../engine-harness.ts';

type Poison = Record<'first' | 'undoFirst' | 'second' | 'undoSecond', (input: string) => string>;

/** The second step's mapper throws for the input `poison`. */
const saga = defineSaga({ id: 'poison', input: z.string(), activities: {} as Poison })
  .step('first', {
    input: ({ input }) => input,
    compensate: { activity: 'undoFirst', input: ({ input }) => input },
  })
  .step('second', {
    input: ({ input }) => {
      if (input === 'poison') throw new Error('the mapper broke');
      return input;
    },
    compensate: { activity: 'undoSecond', input: ({ input }) => input },
  })
  .build();

const echo = (input: string): string => input;
const activities = { first: echo, undoFirst: echo, second: echo, undoSecond: echo };
const page = { limit: 10, cursor: null };

let engine: EngineHarness<Poison>;

beforeEach(() => {
  engine = new EngineHarness(saga, { onDisk: true });
});

afterEach(() => engine.dispose());

const start = (input: string) => engine.backstep.spawn('poison', { input });

test('a turn that keeps throwing is tried a bounded number of times, then parked', async () => {
  const backstep = await engine.open(activities);
  const poisoned = await start('poison');
  const healthy = await Promise.all(['a', 'b', 'c'].map(start));
  expect((await backstep.saga(poisoned.id).settled({ within: 10_000 })).status).toBe('parked');
  for (const { id } of healthy)
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('completed');
  const { items } = await backstep.read.deadLetters(page);
  expect(items).toMatchObject([{ sagaId: poisoned.id, kind: 'parked' }]);
  expect(items[0]?.letter).toContain('the mapper broke');
});

test('the dead letter of a parked saga names the step that was under way as maybe done', async () => {
  const backstep = await engine.open(activities);
  const { id } = await start('poison');
  await backstep.saga(id).settled({ within: 10_000 });
  const { items } = await backstep.read.deadLetters(page);
  expect(JSON.parse(items[0]?.letter ?? '')).toMatchObject({
    done: [],
    maybe: ['first'],
    outstanding: ['first'],
  });
});

test('a parked saga stays parked over a restart', async () => {
  await engine.open(activities);
  const { id } = await start('poison');
  await engine.backstep.saga(id).settled({ within: 10_000 });
  await engine.stop();
  const backstep = await engine.open(activities);
  expect((await backstep.saga(id).state())?.status).toBe('parked');
});

test('a flipped bit in a stored state parks that saga and no other', async () => {
  const never = (): Promise<never> => new Promise(() => {});
  await engine.open({ ...activities, second: never });
  const damaged = await start('a');
  const sound = await start('b');
  for (const { id } of [damaged, sound]) {
    await engine.seen((entry) => entry.sagaId === id && entry.to === 'forward.second.running');
  }
  await engine.stop();
  const db = new Database(engine.database);
  db.prepare(`UPDATE sagas SET state = replace(state, '"a"', '"x"') WHERE id = ?`).run(damaged.id);
  db.close();

  const backstep = await engine.open(activities);
  expect((await backstep.saga(sound.id).settled({ within: 10_000 })).status).toBe('completed');
  expect((await backstep.saga(damaged.id).settled({ within: 10_000 })).status).toBe('parked');
  const { items } = await backstep.read.deadLetters(page);
  expect(items).toMatchObject([{ sagaId: damaged.id, kind: 'parked' }]);
  expect(items[0]?.letter).toContain('does not match its checksum');
});
