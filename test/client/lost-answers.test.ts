/** Answers that are lost on the way: what is safe is sent again, and nothing is done twice. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { collected } from './collected.ts';
import { lossyProxy } from './lossy-proxy.ts';
import { notes, type NotesProgram, runNotes } from './notes-program.ts';

const folder = mkdtempSync(join(tmpdir(), 'backstep-lost-'));
let program: NotesProgram;
beforeAll(async () => {
  program = await runNotes(join(folder, 'notes.db'));
});
afterAll(async () => {
  await program.stop();
  rmSync(folder, { recursive: true, force: true });
});

const quick = { firstDelay: '1ms', attempts: 4 } as const;

async function lossyClient() {
  const proxy = await lossyProxy(program.port);
  return { proxy, client: createClient({ url: proxy.url, retry: quick }) };
}

test('a start without a key is one saga', async () => {
  const { proxy, client } = await lossyClient();
  proxy.loseNext(2);
  const name = 'started once';
  const saga = await client.spawn(notes, { input: { name } });
  expect(saga.isNew).toBe(false);
  const found = await collected(client.sagas({ type: 'notes' }), ({ id }) => id);
  expect(found).toEqual([saga.id]);
});

test('an event is taken once, and what only reads is asked again', async () => {
  const { proxy, client } = await lossyClient();
  const saga = await client.spawn(notes, { input: { name: 'events' } });
  proxy.loseNext(3);
  await saga.send({ type: 'write', line: 'a' });
  proxy.loseNext(3);
  await saga.state();
  const turns = await collected(saga.history(), ({ kind, event }) => `${kind} ${event}`);
  expect(turns.filter((turn) => turn === 'transition write')).toHaveLength(1);
});

test('a command with the version that was seen is taken once, and answered', async () => {
  const { proxy, client } = await lossyClient();
  const saga = await client.spawn(notes, { input: { name: 'commands' } });
  const { seq } = await saga.state();
  proxy.loseNext(1);
  const answer = await saga.command({ name: 'pause', by: 'ada' }, { expectedVersion: seq });
  expect(answer).toEqual({ id: saga.id, status: 'paused', seq: seq + 1 });
  const state = await saga.state();
  expect('audit' in state && state.audit.map(({ command }) => command)).toEqual(['pause']);
});

test('a version that somebody else moved on is a conflict, also after a lost answer', async () => {
  const { proxy, client } = await lossyClient();
  const saga = await client.spawn(notes, { input: { name: 'conflict' } });
  const { seq } = await saga.state();
  await saga.send({ type: 'write', line: 'a' });
  proxy.loseNext(1);
  await expect(saga.command({ name: 'pause' }, { expectedVersion: seq })).rejects.toMatchObject({
    code: 'conflict',
    status: 409,
  });
});

test('a command without one is not sent again', async () => {
  const { proxy, client } = await lossyClient();
  const saga = await client.spawn(notes, { input: { name: 'unknown' } });
  proxy.loseNext(1);
  await expect(saga.command({ name: 'pause' })).rejects.toMatchObject({
    code: 'outcome-unknown',
    status: null,
  });
  expect(await saga.state()).toMatchObject({ status: 'paused' });
});

test('a server that stays away is told after so many tries, a command too', async () => {
  const gone = await runNotes(join(folder, 'gone.db'));
  await gone.stop();
  const client = createClient({ url: `http://127.0.0.1:${gone.port}`, retry: quick });
  const refused = { code: 'unreachable', status: null };
  await expect(client.stats()).rejects.toMatchObject(refused);
  await expect(client.saga('x').command({ name: 'pause' })).rejects.toMatchObject(refused);
});
