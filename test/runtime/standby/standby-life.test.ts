/** A process that does not own the database: it shows everything, and asks the owner. */
import { describe, expect, test } from 'vitest';
import { inboxOf, linesOf, sagaIds } from '../inbox/inbox-fixture.ts';
import { openStandby, passing, type Process, turns, twoEngines } from './two-engines.ts';

const start = ({ backstep }: Process, name: string, key?: string) =>
  backstep.spawn('notebook', { input: { name }, ...(key === undefined ? {} : { key }) });
const write = ({ backstep }: Process, id: string, line: string) =>
  backstep.saga(id).send({ type: 'write', line }, { eventId: line });

describe('what is asked of a standby', () => {
  test('is answered as by the owner: a start', async () => {
    const { owner, standby } = await twoEngines();
    expect(standby.backstep.health().kind).toBe('standby');
    const first = await start(standby, 'diary', 'k');
    expect(first).toMatchObject({ isNew: true, status: 'waiting', isRemoved: false });
    const again = await start(standby, 'diary', 'k');
    expect([again.id, again.isNew]).toEqual([first.id, false]);
    expect((await start(owner, 'diary', 'k')).id).toBe(first.id);
    await expect(start(standby, 'other', 'k')).rejects.toMatchObject({ code: 'conflict' });
    await expect(start(standby, '')).rejects.toMatchObject({ issues: [{ path: 'name' }] });
    const unknown = standby.backstep.spawn('novel', { input: null });
    await expect(unknown).rejects.toMatchObject({ code: 'not-found' });
    await turns();
    expect(await standby.store.inbox.figures()).toMatchObject({
      waiting: 0,
      answers: 0,
      refused: 0,
    });
  });

  test('is answered as by the owner: an event and a command', async () => {
    const { owner, standby } = await twoEngines();
    const { id } = await start(owner, 'diary');
    const state = await write(standby, id, 'a');
    expect(state).toMatchObject({ id, seq: 2, status: 'waiting' });
    await write(standby, id, 'a');
    expect(await linesOf(standby.backstep, id)).toEqual(['a']);
    const paused = await standby.backstep.saga(id).command({ name: 'pause', by: 'ada' });
    expect(paused.status).toBe('paused');
    const refused = standby.backstep.saga(id).command({ name: 'pause' });
    await expect(refused).rejects.toMatchObject({
      code: 'not-legal',
      legal: ['edit-context', 'resume', 'terminate'],
    });
    const stale = standby.backstep.saga(id).command({ name: 'resume' }, { expectedVersion: 1 });
    await expect(stale).rejects.toMatchObject({ code: 'conflict' });
    await expect(write(standby, 'nobody', 'a')).rejects.toMatchObject({ code: 'not-found' });
    expect(await owner.backstep.read.audit(id)).toMatchObject([{ command: 'pause', by: 'ada' }]);
  });

  test('begins at the time that it gives', async () => {
    const { clock, standby } = await twoEngines();
    const { id } = await standby.backstep.spawn('notebook', { input: { name: 'x' }, delay: '1m' });
    expect(await standby.backstep.read.pendingStart(id)).not.toBeNull();
    clock.advance(60_000);
    await turns();
    expect(await standby.backstep.read.pendingStart(id)).toBeNull();
  });

  test('is many things at once, each answered', async () => {
    const { standby } = await twoEngines();
    const names = Array.from({ length: 250 }, (_, index) => `n${index}`);
    const started = await Promise.all(names.map((name) => start(standby, name)));
    expect(new Set(started.map(({ id }) => id)).size).toBe(250);
  });
});

describe('whoever waits at a standby', () => {
  test('hears of the end of a saga, and of a state on the way', async () => {
    const { owner, standby } = await twoEngines();
    const { id } = await start(owner, 'diary');
    const saga = standby.backstep.saga(id);
    const settled = saga.settled();
    const written = saga.waitFor(({ seq }) => seq >= 2);
    await write(owner, id, 'a');
    expect((await written)?.seq).toBe(2);
    await owner.backstep.saga(id).send({ type: 'close' });
    expect(await settled).toMatchObject({ status: 'completed' });
  });

  test('sees the feed without gap or double, over the take-over', async () => {
    const { owner, standby } = await twoEngines();
    const { id } = await start(owner, 'diary');
    for (const line of ['a', 'b']) await write(owner, id, line);
    await turns();
    expect(standby.fed).toEqual(owner.fed);
    owner.kill();
    await standby.started;
    await write(standby, id, 'c');
    expect(standby.fed.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(await linesOf(standby.backstep, id)).toEqual(['a', 'b', 'c']);
  });
});

describe('a take-over', () => {
  test('at a clean stop is one: the standby owns, and says so', async () => {
    const { owner, standby } = await twoEngines();
    const { id } = await start(owner, 'diary');
    await owner.backstep.stop();
    await standby.started;
    expect(standby.backstep.health()).toEqual({ kind: 'ready' });
    await write(standby, id, 'a');
    expect(await linesOf(standby.backstep, id)).toEqual(['a']);
  });

  test.each(['beforeCommit', 'afterCommit'] as const)(
    'with requests under way answers each once: the owner dies %s, wherever',
    async (when) => {
      for (let dieAt = 2; dieAt < 8; dieAt++) {
        let commits = 0;
        const { clock, owner, standby } = await twoEngines((dying) => ({
          [when]: () => {
            commits += 1;
            if (commits === dieAt) dying().kill();
          },
        }));
        const { id } = await start(owner, 'diary'); // the first commit
        const asked = [
          write(standby, id, 'a'),
          write(standby, id, 'b'),
          start(standby, 'one'),
          start(standby, 'two', 'k'),
        ] as const;
        const answers = await passing(clock, Promise.all(asked));
        await turns();
        expect(answers[2].isNew && answers[3].isNew, `${when} ${dieAt}`).toBe(true);
        const ids = await sagaIds(standby.backstep);
        expect(ids.toSorted()).toEqual([id, answers[2].id, answers[3].id].toSorted());
        expect(await linesOf(standby.backstep, id)).toEqual(['a', 'b']);
      }
    },
  );
});

describe('where no owner answers', () => {
  test('a request is taken back in the end, and was not done', async () => {
    const { clock, database } = await twoEngines();
    const hanging = database.open(); // owns it, and runs no engine
    const standby = openStandby(clock, database);
    await turns();
    const asked = start(standby, 'diary');
    const answer = asked.catch((error: unknown) => error);
    await turns();
    expect((await hanging.inbox.figures()).waiting).toBe(1);
    clock.advance(10_000);
    expect(await answer).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('nothing was done') as unknown,
    });
    expect((await hanging.inbox.figures()).waiting).toBe(0);
  });

  test('a standby that stops says that the outcome is not known', async () => {
    const { clock, database } = await twoEngines();
    database.open();
    const standby = openStandby(clock, database);
    const answer = start(standby, 'diary').catch((error: unknown) => error);
    await turns();
    await standby.backstep.stop();
    expect(await answer).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('the outcome is not known') as unknown,
    });
  });
});

test('answers that nobody fetches are removed', async () => {
  const { clock, owner, standby } = await twoEngines();
  void start(standby, 'diary');
  await Promise.resolve();
  standby.kill();
  await turns();
  expect((await sagaIds(owner.backstep)).length).toBe(1);
  expect(await owner.store.inbox.figures()).toMatchObject({ answers: 1 });
  clock.advance(600_000);
  await turns();
  clock.advance(600_000);
  await turns();
  expect(await owner.store.inbox.figures()).toMatchObject({ answers: 0 });
  expect((await inboxOf(owner.backstep)).refused).toEqual([]);
});
