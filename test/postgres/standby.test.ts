/** Two engines over one PostgreSQL database: an owner, and a standby that asks it and takes over. */
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Backstep } from '../../src/host/backstep.ts';
import { backstepInbox } from '../../src/runtime/inbox/backstep-inbox.ts';
import { openBackstep } from '../../src/runtime/open-backstep.ts';
import type { FeedEntry } from '../../src/store/read-models.ts';
import { linesOf, notebookSaga } from '../runtime/inbox/inbox-fixture.ts';
import { connectTo, describeOnPostgres, migratedDatabase } from './databases.ts';

async function opened(url: string): Promise<Backstep> {
  const backstep = await openBackstep({ database: url });
  backstep.register(notebookSaga, { activities: {} });
  onTestFinished(() => backstep.stop({ within: 0 }));
  return backstep;
}

describeOnPostgres('a standby over PostgreSQL', () => {
  it('is answered by the owner, follows its feed, and goes on in its place', async () => {
    const { url } = await migratedDatabase();
    const owner = await opened(url);
    await owner.start();
    const standby = await opened(url);
    expect(standby.health()).toMatchObject({
      kind: 'standby',
      owner: expect.any(String) as unknown,
    });
    const fed: FeedEntry[] = [];
    standby.subscribe((entry) => fed.push(entry));
    const started = standby.start();
    started.catch(() => {}); // judged below, where it is not stopped before

    const start = { input: { name: 'diary' }, key: 'k' };
    const { id, isNew } = await standby.spawn(notebookSaga, start);
    expect(isNew).toBe(true);
    expect(await standby.spawn(notebookSaga, start)).toMatchObject({ id, isNew: false });
    const other = standby.spawn(notebookSaga, { input: { name: 'other' }, key: 'k' });
    await expect(other).rejects.toMatchObject({ code: 'conflict' });
    expect(await standby.saga(id).send({ type: 'write', line: 'a' })).toMatchObject({ seq: 2 });
    const written = standby.saga(id).waitFor(({ seq }) => seq >= 3);
    await owner.saga(id).send({ type: 'write', line: 'b' });
    expect((await written)?.seq).toBe(3);
    // Rows that were answered go in the background.
    const { store } = standby;
    await vi.waitFor(async () => {
      const rows = store.reader().selectFrom('backstep.inbox' as 'inbox');
      expect(await rows.selectAll().execute()).toEqual([]);
    });

    await owner.stop();
    await started;
    expect(standby.health()).toEqual({ kind: 'ready' });
    await standby.saga(id).send({ type: 'write', line: 'c' });
    expect(await linesOf(standby, id)).toEqual(['a', 'b', 'c']);
    expect(fed.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  it('leaves rows of other transactions to the owner, in the order of their ids', async () => {
    const { url } = await migratedDatabase();
    const owner = await opened(url);
    await owner.start();
    const { id } = await owner.spawn(notebookSaga, { input: { name: 'diary' } });
    const [first, second] = [await connectTo(url), await connectTo(url)];
    const inbox = backstepInbox(owner.store.reader(), { schema: 'backstep' }).statements;
    const write = async (line: string) => inbox.send(id, { type: 'write', line });
    // The lower id comes to light after the higher one.
    await first.query('BEGIN');
    const early = await write('early');
    await first.query(early.sql, [...early.parameters]);
    const late = await write('late');
    await second.query(late.sql, [...late.parameters]);
    await owner.saga(id).waitFor(({ seq }) => seq >= 2);
    await first.query('COMMIT');
    await owner.saga(id).waitFor(({ seq }) => seq >= 3);
    expect(await linesOf(owner, id)).toEqual(['late', 'early']);
    expect(await owner.read.inboxFigures()).toMatchObject({ waiting: 0, refused: 0 });
  });
});
