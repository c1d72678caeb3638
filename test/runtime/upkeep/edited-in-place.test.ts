/** A drawing that was edited under the same version: another drawing is another version. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SagaDefinition } from '../../../src/core/define/definition.ts';
import { recordOfLine, replay } from '../../../src/core/history/replay.ts';
import { examineSaga } from '../../../src/host/upkeep/examination.ts';
import { Redeployed, stay, until } from './redeployed.ts';

let on: Redeployed;
beforeEach(() => {
  on = new Redeployed();
});
afterEach(() => on.dispose());

const page = { limit: 50, cursor: null };

async function adopted(id: string, { hash }: SagaDefinition): Promise<void> {
  while ((await on.row(id))?.definitionHash !== hash) await new Promise(setImmediate);
}

test('it goes on where it can undo everything, is told once, and the journal says so', async () => {
  await on.deploy([stay()]);
  const ids = await on.waiting(3);
  const edited = stay({ insure: 'after' });
  const backstep = await on.deploy([edited]);
  await until(() => on.lines.length > 0);
  expect(on.lines).toEqual([
    expect.stringMatching(
      /^the drawing changed under the same version;.*"type":"stay","version":1/,
    ),
  ]);
  const [id = ''] = ids;
  await backstep.saga(id).send({ type: 'ok' });
  await on.reached(id, 'completed');
  expect(on.calls.slice(-2)).toEqual(['insure insure/forward/1', 'charge charge/forward/1']);
  const { items } = await backstep.read.transitions(id, page);
  expect(items.map(({ event }) => event)).toContain('version 1, edited');
  const replayed = replay(edited, id, items.map(recordOfLine));
  expect(replayed.flaw).toBeNull();
  expect(replayed.turns.at(-1)?.state.status).toBe('completed');
  for await (const saga of on.database.stored.sagas()) {
    expect(examineSaga(edited, saga).flaws).toEqual([]);
  }
});

test('one that is taken back leaves nothing behind that was started under it', async () => {
  await on.deploy([stay({ insure: 'before' })]);
  const [id = ''] = await on.waiting();
  await on.deploy([stay()]);
  await on.reached(id, 'parked');
  expect((await on.row(id))?.error).toMatch(/^version-missing: insure is done and version 1 as it/);

  // A third one knows both steps again.
  await on.deploy([stay({ insure: 'after' })]);
  await on.reached(id, 'waiting');
  await on.backstep.saga(id).send({ type: 'no' });
  await on.reached(id, 'compensated');
  expect(on.calls.slice(-2)).toEqual([
    'uninsure insure/compensate/1 of insure/forward/1',
    'cancel book/compensate/1 of book/forward/1',
  ]);
});

test('costs nothing at the starts after', async () => {
  await on.deploy([stay()]);
  const ids = await on.waiting(20);
  const edited = stay({ insure: 'after' });
  await on.deploy([edited]);
  for (const each of ids) await adopted(each, edited);
  await on.deploy([edited]);
  on.register(stay({ id: 'other' }));
  for (let rounds = 0; rounds < 50; rounds++) await new Promise(setImmediate);
  expect({ loads: on.loads, lines: on.lines }).toEqual({ loads: 0, lines: [] });
});

test('a paused saga is taken along and stays paused', async () => {
  const backstep = await on.deploy([stay()]);
  const [id = ''] = await on.waiting();
  await backstep.saga(id).command({ name: 'pause' });
  const edited = stay({ insure: 'after' });
  await on.deploy([edited]);
  await adopted(id, edited);
  expect(await on.row(id)).toMatchObject({ status: 'paused' });
  await on.backstep.saga(id).command({ name: 'resume' });
  expect(await on.row(id)).toMatchObject({ status: 'waiting' });
});
