/** Commands that are tried first, and commands to many sagas: what they say, and what they change. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NotesServer, notesServer } from './notes-server.ts';

let server: NotesServer;
beforeAll(async () => {
  server = await notesServer();
});
afterAll(() => server.stop());

const run: NotesServer['run'] = (...given) => server.run(...given);
const started: NotesServer['started'] = (name) => server.started(name);

describe('a trial', () => {
  test('of one saga is refused as the command would be, and says what it does not look at', async () => {
    const id = await started('tried');
    expect(await run(['pause', id, '--expect', '7', '--dry-run'])).toMatchObject({
      code: 4,
      err: `backstep: saga ${id} is at version 1, not 7; look at it again\n`,
    });
    // What is proposed next tells most of a saga that stands so.
    expect((await run(['pause', id])).err).toContain(`next: backstep why ${id}`);
    expect((await run(['why', id])).out).toMatch(/resume +Let a paused saga go on from/);
    const edit = ['edit-context', id, '--context', '{"none":1}'];
    expect(await run([...edit, '--dry-run'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('only looked at when it is ordered') as unknown,
    });
    expect((await run(['why', id])).err).toContain(`next: backstep resume ${id}`);
    const { err } = await run(edit);
    expect(err.match(/may be edited in/g)).toHaveLength(1);
  });

  test('of many says which of them would refuse it', async () => {
    const ended = await started('trial-1');
    const paused = await started('trial-2');
    expect((await run(['terminate', ended])).err).toContain(`next: backstep show ${ended}`);
    expect((await run(['pause', paused])).code).toBe(0);
    await started('trial-3');
    const { code, out } = await run(['pause', '--query', 'trial-', '--dry-run']);
    expect(code).toBe(0);
    expect(out).toContain('would order pause of 3 sagas');
    expect(out).toContain(`${paused} would refuse it: it takes edit-context, resume, terminate\n`);
    expect(out).toContain('1 of them ended, and would refuse it\n');
  });
});

test('an input that the schema of its saga would not take is taken, and that is told', async () => {
  const id = await started('edited');
  await run(['pause', id]);
  const edited = (input: string) =>
    run(['edit-context', id, '--context', JSON.stringify({ input: JSON.parse(input) as unknown })]);
  expect((await edited('{"name":"again"}')).err).not.toContain('schema');
  const { code, err } = await edited('{"name":7}');
  expect([code, err]).toEqual([
    0,
    expect.stringContaining('the schema of the saga does not take its input as it is now: name: '),
  ]);
});

describe('many sagas', () => {
  test('are left alone from where somebody stops the command', async () => {
    const ids = [await started('stopped-1'), await started('stopped-2')];
    const ordered = await run(['pause', ...ids, '--yes', '--json']);
    const { id } = JSON.parse(ordered.out) as { id: number };
    expect(await run(['stop', String(id)])).toMatchObject({
      code: 0,
      out: `list ${id}: pause of 2 sagas, 2 taken, 0 refused, 0 failed\n`,
    });
    expect((await run(['stop', '999'])).code).toBe(3);
    expect((await run(['stop', 'all'])).code).toBe(2);
  });

  test('that are named by their ids are those, and not what else begins so', async () => {
    const ids = [await started('one-of-two'), await started('other-of-two')];
    for (const id of ids) await started(`${id}-again`);
    const { out } = await run(['pause', ...ids, '--dry-run', '--json']);
    expect(JSON.parse(out)).toMatchObject({ total: 2, items: ids.map((id) => ({ id })) });
  });

  test('that refuse say why in full', async () => {
    const ids = [await started('ended-1'), await started('ended-2')];
    for (const id of ids) expect((await run(['terminate', id])).code).toBe(0);
    const { code, out } = await run(['pause', ...ids, '--yes']);
    expect(code).toBe(4);
    for (const id of ids) {
      expect(out).toContain(`saga ${id} has ended (terminated) and takes no command "pause" any`);
    }
    expect(out).not.toContain('…');
  });

  test('go on at the server where whoever waits interrupts, and that is told', async () => {
    await started('left-alone');
    const interrupted = AbortSignal.abort();
    const pause = ['pause', '--query', 'left-alone', '--yes'];
    expect(await run(pause, { interrupted })).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /^backstep: interrupted; the server goes on with list (\d+), and its page \/bulk\/\1 .*; "backstep stop \1" stops it\n$/,
      ) as unknown,
    });
  });

  test('are ordered by filter once somebody agrees, and not before', async () => {
    for (const name of ['many-1', 'many-2']) await started(name);
    const cancel = ['cancel', '--type', 'notes', '--query', 'many'];
    expect(await run(cancel)).toMatchObject({ code: 2, out: '' });
    expect(await run(cancel, { says: false })).toMatchObject({ code: 0, out: '' });
    expect((await run([...cancel, '--dry-run'])).out).toContain('would order cancel of 2 sagas');
    expect((await run(['ls', '--query', 'many', '--status', 'waiting', '--json'])).out).toContain(
      'many-2',
    );
    const done = await run(cancel, { says: true });
    expect(done.code).toBe(0);
    expect(done.out).toMatch(/cancel of 2 sagas, 2 taken, 0 refused, 0 failed\n/);
    const again = await run([...cancel, '--yes']);
    expect(again.code).toBe(4);
    expect(again.out).toMatch(/0 taken, 2 refused, 0 failed\n/);
    expect(await run(['retry', '--query', 'nobody', '--yes'])).toMatchObject({ code: 3 });
  });
});
