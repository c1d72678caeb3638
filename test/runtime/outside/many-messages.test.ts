/** Turns that say much at once: forty events for subscribers, a word to each of a hundred children. */
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type AnyEventObject,
  type AnyStateMachine,
  createMachine,
  enqueueActions,
  sendTo,
  setup,
} from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { MESSAGES_PER_TURN } from '../../../src/core/turn/messages-per-turn.ts';
import { examineDatabase } from '../../../src/host/upkeep/doctor.ts';
import { SagaDriver } from '../../core/turn/saga-driver.ts';
import { EngineHarness } from '../engine-harness.ts';
import { resultOf } from '../upkeep/result-of.ts';

const MOST = MESSAGES_PER_TURN - 1;
const NONE = {};

/** Emits as many events as it is told, in one turn. */
const loudSaga = durable<Record<never, never>>(
  setup({
    types: { events: {} as { readonly type: 'say'; readonly count: number } },
    actions: {
      sayAll: enqueueActions(({ enqueue, event }) => {
        for (let number = 0; number < event.count; number++) {
          enqueue.emit({ type: 'said', number } as never);
        }
      }),
    },
  }).createMachine({
    id: 'loud',
    initial: 'listening',
    states: { listening: { tags: ['waiting'], on: { say: { actions: 'sayAll' } } } },
  }) as AnyStateMachine,
);

let engine: EngineHarness<Record<never, never>> | null = null;
afterEach(() => engine?.dispose());

const say = (count: number) => ({ type: 'say', count }) as const;
const numberIn = (event: AnyEventObject): number => Number(event['number']);

describe('a turn that emits many events', () => {
  test.each([40, MOST])('%i reach the subscriber, in order', async (count) => {
    engine = new EngineHarness(loudSaga, { onDisk: true });
    const heard: number[] = [];
    const { promise: all, resolve } = Promise.withResolvers<void>();
    const said = (event: AnyEventObject): void => {
      if (heard.push(numberIn(event)) === count) resolve();
    };
    const backstep = await engine.open(NONE, { subscribers: { said } });
    const { id } = await backstep.spawn('loud', { input: null });
    await backstep.saga(id).send(say(count));
    await all;
    expect(heard).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  test('one more is refused to its sender, with the bound, and the saga goes on', async () => {
    engine = new EngineHarness(loudSaga, { onDisk: true });
    const backstep = await engine.open(NONE, { subscribers: { said: () => {} } });
    const { id } = await backstep.spawn('loud', { input: null });
    const tooMany = backstep.saga(id).send(say(MOST + 1));
    await expect(tooMany).rejects.toThrow(`emits 1024 events in one turn; at most ${MOST} are`);
    expect((await backstep.saga(id).state())?.status).toBe('waiting');
    await backstep.saga(id).send(say(3));
  });

  test('what was stored while sixteen were possible comes first, and the doctor knows it', async () => {
    engine = new EngineHarness(loudSaga, { onDisk: true });
    const refusing = {
      said: () => {
        throw new Error('not now');
      },
    };
    const before = await engine.open(NONE, { subscribers: refusing });
    const { id } = await before.spawn('loud', { input: null });
    await before.saga(id).send(say(3));
    await engine.stop();
    const db = new Database(engine.database);
    const changed = db.prepare(`UPDATE outbox SET id = id / 1024 * 16 + position`).run().changes;
    db.close();
    expect(changed).toBe(3);
    const examination = examineDatabase({ database: engine.database }, [loudSaga]);
    expect((await resultOf(examination)).findings).toEqual([]);

    const heard: number[] = [];
    const { promise: all, resolve } = Promise.withResolvers<void>();
    const said = (event: AnyEventObject): void => {
      if (heard.push(numberIn(event)) === 8) resolve();
    };
    const after = await engine.open(NONE, { subscribers: { said } });
    await after.saga(id).send(say(5));
    await all;
    expect(heard).toEqual([0, 1, 2, 0, 1, 2, 3, 4]);
  });
});

test('a hundred children hear what their parent tells them in one turn', async () => {
  const CHILDREN = 100;
  const child = durable(
    createMachine({
      id: 'child',
      initial: 'waiting',
      states: { waiting: { tags: ['waiting'], on: { go: 'over' } }, over: { type: 'final' } },
    }),
  );
  const names = Array.from({ length: CHILDREN }, (_, index) => `child${index}`);
  const parent = durable<Record<never, never>>(
    createMachine(
      {
        id: 'parent',
        initial: 'telling',
        states: {
          telling: {
            invoke: names.map((name) => ({ id: name, src: name, input: null })),
            on: { tell: { actions: names.map((name) => sendTo(name, { type: 'go' })) } },
          },
        },
      } as never,
      { actors: Object.fromEntries(names.map((name) => [name, activity<null, null>()])) } as never,
    ),
    { children: Object.fromEntries(names.map((name) => [name, child])) },
  );
  const family = new EngineHarness(parent, { onDisk: true });
  engine = family;
  const backstep = await family.open(NONE, {
    also: (other) => other.register(child, { activities: NONE }),
  });
  const { id } = await backstep.spawn('parent', { input: null });
  await Promise.all(
    names.map((name) =>
      family.seen(({ sagaId, to }) => sagaId === `${id}.${name}.1` && to === 'waiting'),
    ),
  );
  await backstep.saga(id).send({ type: 'tell' });
  const ends = names.map((name) =>
    backstep
      .saga(`${id}.${name}.1`)
      .settled({ within: 20_000 })
      .then(({ status }) => status),
  );
  expect(new Set(await Promise.all(ends))).toEqual(new Set(['completed']));
});

test('a thousand and one more events are refused in the core, by the name of the saga', () => {
  const saga = new SagaDriver(loudSaga, null);
  const tell = (count: number): unknown =>
    saga.take({ kind: 'event', id: `e${count}`, event: say(count) });
  expect(tell(MOST)).toMatchObject({ kind: 'advanced' });
  expect(() => tell(MOST + 1)).toThrow('saga "loud" emits 1024 events in one turn');
});
