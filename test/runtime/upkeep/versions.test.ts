/** Sagas in flight while their definition changes: side by side, gone, back, migrated. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { recordOfLine, replay } from '../../../src/core/history/replay.ts';
import type { Backstep, Bindings } from '../../../src/host/backstep.ts';
import { silentLogger } from '../../../src/host/turn-log.ts';
import { EngineHarness } from '../engine-harness.ts';

type Form = { readonly applicant: string };
type FormActivities = { file: (input: Form) => null };

const DAY_MS = 86_400_000;
const input = ({ context }: { context: Form }): Form => ({ applicant: context.applicant });

const first = setup({
  types: { context: {} as Form, input: {} as Form, events: {} as { type: 'approve' } },
  actors: { file: activity<Form, null>() },
  delays: { expiry: 30 * DAY_MS },
}).createMachine({
  id: 'form',
  context: ({ input: { applicant } }) => ({ applicant }),
  initial: 'draft',
  states: {
    draft: {
      tags: ['waiting'],
      after: { expiry: 'expired' },
      on: { approve: 'filing' },
    },
    filing: { invoke: { id: 'file', src: 'file', input, onDone: 'filed' } },
    filed: { type: 'final' },
    expired: { type: 'final' },
  },
});

// The waiting state has another name, the context another member, and a reminder is new.
const second = setup({
  types: {
    context: {} as Form & { readonly reviewer: string; readonly reminded: boolean },
    input: {} as Form,
    events: {} as { type: 'approve' },
  },
  actors: { file: activity<Form, null>() },
  delays: { expiry: 30 * DAY_MS, reminder: 7 * DAY_MS },
  actions: { remind: assign({ reminded: true }) },
}).createMachine({
  id: 'form',
  context: ({ input: { applicant } }) => ({ applicant, reviewer: 'nobody', reminded: false }),
  initial: 'review',
  states: {
    review: {
      tags: ['waiting'],
      after: { expiry: 'expired', reminder: { actions: 'remind' } },
      on: { approve: 'filing' },
    },
    filing: { invoke: { id: 'file', src: 'file', input, onDone: 'filed' } },
    filed: { type: 'final' },
    expired: { type: 'final' },
  },
});

const v1 = durable<FormActivities>(first);
const v2 = durable<FormActivities>(second, { version: 2 });
const activities = { file: () => null };
const never = { file: () => new Promise<never>(() => {}) };

const toReview: NonNullable<Bindings['migrate']> = {
  1: ({ state, context }) => ({
    state: state === 'draft' ? 'review' : state,
    context: { ...context, reviewer: 'ada', reminded: false },
  }),
};

let engine: EngineHarness<FormActivities>;
const page = { limit: 50, cursor: null };

beforeEach(() => {
  engine = new EngineHarness(v1);
});

afterEach(() => engine.dispose());

/** The same database under another set of versions. */
async function reopened(register: (backstep: Backstep) => void): Promise<Backstep> {
  await engine.stop();
  const backstep = await engine.openBare();
  register(backstep);
  await backstep.start();
  return backstep;
}

const start = async (backstep: Backstep, applicant = 'bob') =>
  (await backstep.spawn('form', { input: { applicant } })).id;

/** The wall clock jumps, then goes on until the answer is true. */
async function timePasses(durationMs: number, isDone: () => Promise<boolean>): Promise<void> {
  engine.clock.jumpTo(engine.clock.nowMs() + durationMs);
  while (!(await isDone())) {
    engine.clock.advance(1_000);
    await new Promise(setImmediate);
  }
}

const statusOf = async (backstep: Backstep, id: string) => (await backstep.read.saga(id))?.status;

/** Resolves when the saga is on that version. */
async function onVersion(backstep: Backstep, id: string, version: number): Promise<void> {
  while ((await backstep.read.saga(id))?.version !== version) await new Promise(setImmediate);
}

describe('versions side by side', () => {
  test('new starts use the newest, sagas in flight keep theirs', async () => {
    const old = await start(await engine.open(activities));
    const backstep = await reopened((each) => {
      each.register(v2, { activities });
      each.register(v1, { activities });
    });
    const young = await start(backstep);
    expect((await backstep.saga(old).state())?.snapshot.value).toBe('draft');
    expect((await backstep.saga(young).state())?.snapshot.value).toBe('review');
    expect((await backstep.read.saga(young))?.version).toBe(2);
    for (const id of [old, young]) await backstep.saga(id).send({ type: 'approve' });
    for (const id of [old, young])
      expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
    await backstep.stop({ within: 0 });
  });

  test('one that is gone parks its sagas when they have to move, and they go on once it is back', async () => {
    const id = await start(await engine.open(activities));
    const without = await reopened((each) => each.register(v2, { activities }));
    await expect(without.saga(id).send({ type: 'approve' })).rejects.toMatchObject({
      code: 'version-missing',
      message: 'saga type "form" version 1 is not registered; register it, or migrate the saga',
    });
    await timePasses(31 * DAY_MS, async () => (await statusOf(without, id)) === 'parked');
    expect((await without.read.deadLetters(page)).items).toMatchObject([{ sagaId: id }]);

    // Without a restart, even.
    without.register(v1, { activities });
    await timePasses(1_000, async () => (await statusOf(without, id)) === 'completed');
    expect((await without.read.deadLetters(page)).items).toEqual([]);
    await without.stop({ within: 0 });
  });
});

describe('a migration', () => {
  test('takes a thousand waiting sagas along and keeps the due time of each', async () => {
    const backstep = await engine.open(activities);
    const dueMs = new Map<string, number | undefined>();
    for (let n = 0; n < 10; n++) {
      const batch = Array.from({ length: 100 }, (_, i) => start(backstep, `a${n}-${i}`));
      for (const id of await Promise.all(batch)) {
        dueMs.set(id, engine.clock.nowMs() + 30 * DAY_MS);
      }
      engine.clock.advance(1_000);
    }
    const after = await reopened((each) => each.register(v2, { activities, migrate: toReview }));
    const ids = [...dueMs.keys()];
    // The keeper goes by internal id, so the last one is last.
    await onVersion(after, ids.at(-1) ?? '', 2);
    const expiry = 'xstate.after.expiry.form.review';
    for (const id of ids) {
      const state = await after.saga(id).state();
      expect(state?.snapshot.value).toBe('review');
      expect(state?.live.timers[expiry]?.dueMs).toBe(dueMs.get(id));
    }
    const isOver = async () => (await after.read.statusCounts('form')).completed === ids.length;
    await timePasses(30 * DAY_MS, isOver);
    await after.stop({ within: 0 });
  });

  test('takes a saga along that is in memory, when its version comes without a restart', async () => {
    const backstep = await engine.open(activities);
    const id = await start(backstep);
    backstep.register(v2, { activities, migrate: toReview });
    await onVersion(backstep, id, 2);
    expect((await backstep.saga(id).state())?.snapshot.value).toBe('review');
    expect((await backstep.saga(id).send({ type: 'approve' })).snapshot.value).toBe('filing');
  });

  test('is a turn of its own in the journal, arms what is new, and can be replayed', async () => {
    const id = await start(await engine.open(activities));
    engine.clock.advance(DAY_MS);
    const backstep = await reopened((each) => each.register(v2, { activities, migrate: toReview }));
    await onVersion(backstep, id, 2);
    const state = await backstep.saga(id).state();
    expect(state?.snapshot.context).toMatchObject({ applicant: 'bob', reviewer: 'ada' });
    const reminder = state?.live.timers['xstate.after.reminder.form.review'];
    expect(reminder?.dueMs).toBe(engine.clock.nowMs() + 7 * DAY_MS);
    await backstep.saga(id).send({ type: 'approve' });
    await backstep.saga(id).settled({ within: 1e9 });
    const { items } = await backstep.read.transitions(id, page);
    expect(items[1]).toMatchObject({
      cause: 'migrate',
      event: 'version 2',
      from: 'draft',
      to: 'review',
    });
    const replayed = replay(v2, id, items.map(recordOfLine));
    expect(replayed.flaw).toBeNull();
    expect(replayed.turns.at(-1)?.state.status).toBe('completed');
    await backstep.stop({ within: 0 });
  });

  test('keeps an attempt under way, with its key, and starts it again under the new version', async () => {
    const id = await start(await engine.open(never));
    await engine.backstep.saga(id).send({ type: 'approve' });
    await engine.seen((line) => line.to === 'filing');
    const keys: string[] = [];
    const file = (_: Form, { key }: { readonly key: string }): null => {
      keys.push(key);
      return null;
    };
    const backstep = await reopened((each) =>
      each.register(v2, { activities: { file }, migrate: toReview }),
    );
    expect((await backstep.saga(id).settled({ within: 1e9 })).status).toBe('completed');
    expect(keys).toEqual([`${id}/file/forward/1`]);
    expect((await backstep.read.saga(id))?.version).toBe(2);
    await backstep.stop({ within: 0 });
  });

  test('that does not fit is not applied: the saga stays on its version, or is parked with the reason', async () => {
    const id = await start(await engine.open(activities));
    const astray = { 1: () => ({ state: 'nowhere' }) };
    const both = await reopened((each) => {
      each.register(v1, { activities });
      each.register(v2, { activities, migrate: astray });
    });
    expect((await both.saga(id).send({ type: 'approve' })).snapshot.value).toBe('filing');
    expect((await both.read.saga(id))?.version).toBe(1);
    const other = await both.spawn('form', { input: { applicant: 'eve' } });
    expect((await both.read.saga(other.id))?.version).toBe(2);
    await both.stop({ within: 0 });
  });

  test('into a state whose activity is not under way is refused with the cure', async () => {
    const id = await start(await engine.open(activities));
    const intoFiling = { 1: () => ({ state: 'filing' }) };
    const without = await reopened((each) =>
      each.register(v2, { activities, migrate: intoFiling }),
    );
    while ((await without.read.saga(id))?.status !== 'parked') await new Promise(setImmediate);
    const { items } = await without.read.deadLetters(page);
    expect(items[0]?.letter).toContain(
      'invokes file, which is not under way; go to one that waits',
    );
    await without.stop({ within: 0 });

    const mended = await engine.openBare();
    mended.register(v2, { activities, migrate: toReview });
    await mended.start();
    await onVersion(mended, id, 2);
    while ((await mended.saga(id).state())?.status !== 'waiting') await new Promise(setImmediate);
    expect((await mended.read.deadLetters(page)).items).toEqual([]);
    await mended.stop({ within: 0 });
  });

  test('that cannot be had is logged once, not at every try', async () => {
    const id = await start(await engine.open(activities));
    await engine.stop();
    const logged: string[] = [];
    const note = (_: object, message: string): void => void logged.push(message);
    const logger = { ...silentLogger, warn: note, error: note, isLevelEnabled: () => true };
    const without = await engine.openBare({ logger });
    without.register(v2, { activities, migrate: { 1: () => ({ state: 'nowhere' }) } });
    await without.start();
    while ((await without.read.saga(id))?.status !== 'parked') await new Promise(setImmediate);
    expect(logged).toEqual(['sagas cannot go on under what is registered']);
    await without.stop({ within: 0 });
  });

  test('from a version that is no earlier one is refused at registration', async () => {
    const backstep = await engine.open(activities);
    expect(() => backstep.register(v2, { activities, migrate: { 2: () => ({}) } })).toThrow(
      'saga "form" version 2: migrate from "2"; give an earlier version',
    );
  });
});
