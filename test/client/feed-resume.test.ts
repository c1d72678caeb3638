/** The feed over a restart of the server: each transition once, none left out, on both stores. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { describeOnPostgres, migratedDatabase } from '../postgres/databases.ts';
import { notes, type NotesProgram, runNotes } from './notes-program.ts';

const quick = { firstDelay: '1ms', maxDelay: '5ms' } as const;

/** A client, and when a feed of it was opened. */
function followingClient(port: number) {
  const opened = Promise.withResolvers<void>();
  const client = createClient({
    url: `http://127.0.0.1:${port}`,
    retry: quick,
    fetch: async (...request) => {
      const response = await fetch(...request);
      if (response.headers.has('feed-cursor')) opened.resolve();
      return response;
    },
  });
  return { client, opened: opened.promise };
}

/** Follows while the server is stopped and started again; gives what was heard. */
async function heardOver(database: string) {
  let program: NotesProgram = await runNotes(database);
  onTestFinished(() => program.stop());
  const { client, opened } = followingClient(program.port);
  const over = new AbortController();
  const lost = Promise.withResolvers<void>();
  const heard: string[] = [];
  let hears = Promise.withResolvers<void>();
  const feed = client.follow({ signal: over.signal, onReconnect: () => lost.resolve() });
  const following = (async () => {
    for await (const message of feed) {
      heard.push(message.kind === 'resync' ? message.kind : `${message.saga} ${message.seq}`);
      hears.resolve();
    }
  })();
  await opened;
  return {
    client,
    heard,
    async until(count: number): Promise<void> {
      while (heard.length < count) {
        hears = Promise.withResolvers();
        await hears.promise;
      }
    },
    async restart() {
      await program.stop();
      await lost.promise;
      program = await runNotes(database, program.port);
    },
    async end() {
      over.abort();
      await following;
    },
  };
}

/** What is heard of two sagas, one started before a restart and one after, and what should be. */
async function heardOverRestart(database: string) {
  const { client, heard, until, restart, end } = await heardOver(database);
  const before = await client.spawn(notes, { input: { name: 'before' } });
  await until(1);
  await restart();
  const after = await client.spawn(notes, { input: { name: 'after' } });
  await before.send({ type: 'write', line: 'a' });
  await until(3);
  await end();
  return { heard, told: [`${before.id} 1`, `${after.id} 1`, `${before.id} 2`] };
}

describe('over a file', () => {
  test('a client that follows misses nothing of a restart and hears nothing twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backstep-feed-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { heard, told } = await heardOverRestart(join(folder, 'notes.db'));
    expect(heard).toEqual(told);
  });

  test('a client that had heard nothing yet goes on from where its feed began', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backstep-feed-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const database = join(folder, 'notes.db');
    const first = await runNotes(database);
    const { client, opened } = followingClient(first.port);
    const lost = Promise.withResolvers<void>();
    const next = client.follow({ onReconnect: () => lost.resolve() }).next();
    await opened;
    await first.stop();
    await lost.promise;
    // What the next process does before the client is back is heard all the same.
    const second = await runNotes(database);
    const elsewhere = createClient({ url: `http://127.0.0.1:${second.port}` });
    const saga = await elsewhere.spawn(notes, { input: { name: 'meanwhile' } });
    await second.stop();
    const third = await runNotes(database, first.port);
    onTestFinished(() => third.stop());
    expect(await next).toMatchObject({ value: { saga: saga.id, seq: 1 } });
  });
});

describeOnPostgres('over PostgreSQL', () => {
  test('a client that follows misses nothing of a restart and hears nothing twice', async () => {
    const { url } = await migratedDatabase();
    const { heard, told } = await heardOverRestart(url);
    expect(heard).toEqual(told);
  });
});
