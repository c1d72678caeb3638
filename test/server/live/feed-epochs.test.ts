/** After a file was restored from a copy, the feed knows which cursors still hold. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { createApp } from '../../../src/server/app.ts';
import { placeOf } from '../../../src/server/live/feed-cursor.ts';
import { openBackstep } from '../../../src/runtime/open-backstep.ts';

const saga = defineSaga({
  id: 'word',
  input: z.string(),
  activities: {} as { say: (input: string) => string; unsay: (input: string) => string },
})
  .step('say', {
    input: ({ input }) => input,
    compensate: { activity: 'unsay', input: ({ input }) => input },
  })
  .build();

interface Message {
  readonly cursor: string;
  readonly kind: string;
  readonly reason?: string;
  readonly event?: string;
}

/** One life of a server over the file: says the words, then asks the feed. */
async function live(database: string, words: readonly string[], since: string, count: number) {
  const backstep = await openBackstep({ database });
  const echo = (input: string): string => input;
  backstep.register(saga, { activities: { say: echo, unsay: echo } });
  await backstep.start();
  for (const word of words) {
    const { id } = await backstep.spawn('word', { input: word });
    await backstep.saga(id).settled({ within: 10_000 });
  }
  const security = { allowedHosts: ['localhost'], token: null };
  const app = createApp({ backstep, security }).hono;
  const response = await app.request(`/api/transitions?since=${since}`);
  const messages = await messagesOf(response, count);
  await backstep.stop({ within: 0 });
  return messages;
}

async function messagesOf(response: Response, count: number): Promise<readonly Message[]> {
  const body = response.body as ReadableStream<Uint8Array> | null;
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const messages = (): readonly Message[] =>
    [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => JSON.parse(data) as Message);
  while (messages().length < count) {
    const chunk = await reader?.read();
    if (chunk?.value === undefined) break;
    text += decoder.decode(chunk.value);
  }
  await reader?.cancel();
  return messages();
}

const numberOf = ({ cursor }: Message): number => Number(cursor.split('.').at(-1));

describe('a cursor after an older file was restored', () => {
  it('is answered with resync where the two histories part, and nothing is skipped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backstep-epochs-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const database = join(folder, 'engine.db');
    // Two turns to each word.
    const first = await live(database, ['a', 'b'], '0', 4);
    expect(first.map(numberOf)).toEqual([1, 2, 3, 4]);
    copyFileSync(database, `${database}.copy`);
    const lost = await live(database, ['c', 'd'], first.at(-1)?.cursor ?? '', 4);
    expect(lost.map(numberOf)).toEqual([5, 6, 7, 8]);

    copyFileSync(`${database}.copy`, database);
    const [old = '', newest = ''] = [first.at(-1)?.cursor, lost.at(-1)?.cursor];
    const again = await live(database, ['x', 'y', 'z'], newest, 11);
    expect(again[0]).toMatchObject({ kind: 'resync', reason: 'restored', cursor: '0' });
    expect(again.slice(1).map(numberOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // What was seen before the copy was made is the same in both.
    const kept = await live(database, [], old, 6);
    expect(kept.map(numberOf)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(kept.map(({ cursor }) => cursor)).toEqual(again.slice(5).map(({ cursor }) => cursor));
  });
});

describe('where a cursor stands', () => {
  const epochs = [
    { name: 'aaaaaaaa', afterSeq: 0 },
    { name: 'bbbbbbbb', afterSeq: 10 },
  ];
  it.each([
    ['aaaaaaaa.10', { seq: 10, isLost: false }],
    ['aaaaaaaa.11', { seq: 10, isLost: true }],
    ['bbbbbbbb.12', { seq: 12, isLost: false }],
    ['bbbbbbbb.13', null],
    ['cccccccc.1', { seq: 0, isLost: true }],
    ['0', { seq: 0, isLost: false }],
    // As earlier versions gave them.
    ['12', { seq: 12, isLost: false }],
    ['13', null],
    ['aaaaaaaa.', null],
    ['aaaaaaaa.-1', null],
    ['aaaaaaa.1', null],
  ])('%s', (cursor, place) => {
    expect(placeOf(cursor, epochs, 12)).toEqual(place);
  });
});
