/** Rows of the inbox become turns: each once, in order, and none holds the others up. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ExpectedStatement, transactional } from '../../../src/core/activity.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import type { Backstep } from '../../../src/host/backstep.ts';
import { backstepInbox } from '../../../src/runtime/inbox/backstep-inbox.ts';
import { openTestEngine, type TestEngine } from '../../../src/testing/test-engine.ts';
import { crashEverywhere, type Life } from '../crash-everywhere.ts';
import {
  inboxOf,
  linesOf,
  notebookSaga,
  rowStatement,
  sagaIds,
  startRow,
  writeRow,
} from './inbox-fixture.ts';

let engine: TestEngine;

beforeEach(async () => {
  engine = await openTestEngine(notebookSaga, { activities: {} });
});
afterEach(() => engine.close());

/** Writes rows in one transaction, and lets the engine take what it can. */
async function write(...rows: Parameters<TestEngine['backstep']['store']['write']>[0]) {
  await engine.backstep.store.write(rows);
  await engine.quiet();
}

const EMPTY = { waiting: 0, refused: [] };

describe('a row of the inbox', () => {
  test('starts a saga, and is gone with it', async () => {
    await write(startRow('diary', 'diary-1'));
    const [id = ''] = await sagaIds(engine.backstep);
    expect(await engine.backstep.read.saga(id)).toMatchObject({
      key: 'diary-1',
      type: 'notebook',
      status: 'waiting',
    });
    expect(await inboxOf(engine.backstep)).toEqual(EMPTY);
  });

  test('begins its saga at the time that it gives', async () => {
    const options = { startAt: engine.clock.nowMs() + 60_000 };
    const payload = { name: 'later' };
    await write(rowStatement({ kind: 'start', target: 'notebook', payload, options }));
    const [id = ''] = await sagaIds(engine.backstep);
    const { startAt } = options;
    expect(await engine.backstep.read.pendingStart(id)).toMatchObject({ startAtMs: startAt });
    await engine.advance('1m');
    expect(await engine.backstep.read.pendingStart(id)).toBeNull();
  });

  test('sends an event with its author, who stands in the audit', async () => {
    const id = await engine.spawn({ name: 'diary' });
    const payload = { type: 'write', line: 'a' };
    const options = { by: 'ada', reason: 'asked to' };
    await write(rowStatement({ kind: 'event', target: id, payload, options }));
    expect(await linesOf(engine.backstep, id)).toEqual(['a']);
    expect(await engine.backstep.read.audit(id)).toMatchObject([
      { command: 'send write', by: 'ada', reason: 'asked to' },
    ]);
  });

  test('gives a command', async () => {
    const id = await engine.spawn({ name: 'diary' });
    await write(
      rowStatement({ kind: 'command', target: id, payload: { name: 'pause', by: 'ada' } }),
    );
    expect((await engine.story(id)).status).toBe('paused');
  });

  test('of a transactional activity commits with its step, and is taken then', async () => {
    const parent = defineSaga({
      id: 'parent',
      input: z.null(),
      activities: {} as { ask(input: null): null },
    })
      .step('ask', { kind: 'pivot', input: () => null })
      .build();
    engine.register(parent, {
      activities: {
        ask: transactional(async () => {
          const inbox = backstepInbox(engine.backstep.store.reader()).statements;
          return {
            statements: [await inbox.start(notebookSaga, { input: { name: 'asked' } })],
            output: null,
          };
        }),
      },
    });
    await engine.spawn(null, { type: 'parent' });
    const { items } = await engine.backstep.read.listSagas({}, { limit: 10, cursor: null });
    expect(items.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'notebook waiting',
      'parent completed',
    ]);
  });
});

describe('rows of the inbox', () => {
  test('for one saga are taken in the order of their ids', async () => {
    const id = await engine.spawn({ name: 'diary' });
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index}`);
    await write(...lines.map((line) => writeRow(id, line)));
    expect(await linesOf(engine.backstep, id)).toEqual(lines);
  });

  test('with equal keys start one saga, and send one event', async () => {
    await write(startRow('diary', 'k'), startRow('diary', 'k'));
    await write(startRow('diary', 'k'));
    const [id = '', ...others] = await sagaIds(engine.backstep);
    expect(others).toEqual([]);
    await write(writeRow(id, 'a', 'e-1'), writeRow(id, 'a', 'e-1'));
    expect(await linesOf(engine.backstep, id)).toEqual(['a']);
    expect(await inboxOf(engine.backstep)).toEqual(EMPTY);
  });

  test('without keys are all taken, however equal they are', async () => {
    const id = await engine.spawn({ name: 'diary' });
    await write(writeRow(id, 'a'), writeRow(id, 'a'));
    expect(await linesOf(engine.backstep, id)).toEqual(['a', 'a']);
  });

  test('that cannot be taken are kept with why, and hold nobody up', async () => {
    const id = await engine.spawn({ name: 'diary' });
    const ended = await engine.spawn({ name: 'old' });
    await engine.send(ended, { type: 'close' });
    await write(
      writeRow(id, 'a'),
      rowStatement({ kind: 'start', target: 'novel', payload: { name: 'x' } }),
      rowStatement({ kind: 'start', target: 'notebook', payload: { name: '' } }),
      writeRow('nobody', 'a'),
      rowStatement({ kind: 'event', target: id, payload: { type: 'tear' } }),
      rowStatement({ kind: 'event', target: id, payload: { type: 'write', line: 7 } }),
      rowStatement({ kind: 'event', target: id, payload: 'write' }),
      rowStatement({ kind: 'event', target: id, payload: { type: 'write' }, options: { bye: 1 } }),
      writeRow(ended, 'a'),
      rowStatement({ kind: 'command', target: id, payload: { name: 'explode' } }),
      rowStatement({ kind: 'command', target: id, payload: { name: 'resume' } }),
      writeRow(id, 'b'),
      startRow('good'),
    );
    const { waiting, refused } = await inboxOf(engine.backstep);
    expect(waiting).toBe(0);
    expect(refused.map(({ code }) => code)).toEqual([
      'not-found',
      'input-invalid',
      'not-found',
      'not-legal',
      'input-invalid',
      'input-invalid',
      'input-invalid',
      'not-legal',
      'input-invalid',
      'not-legal',
    ]);
    expect(refused[0]?.message).toContain('novel');
    expect(await linesOf(engine.backstep, id)).toEqual(['a', 'b']);
    expect((await sagaIds(engine.backstep)).length).toBe(3);
  });

  test('that were refused are not tried again, until somebody says so', async () => {
    await write(rowStatement({ kind: 'event', target: 'nobody', payload: { type: 'write' } }));
    await engine.advance('1h');
    await engine.crash();
    expect((await inboxOf(engine.backstep)).refused.length).toBe(1);
    await write({
      sql: 'UPDATE inbox SET settled_at = NULL, answer = NULL, kind = ?, target = ?, payload = ?',
      parameters: ['start', 'notebook', '{"name":"mended"}'],
    });
    await engine.crash(); // or whatever else makes the engine look
    expect((await sagaIds(engine.backstep)).length).toBe(1);
    expect(await inboxOf(engine.backstep)).toEqual(EMPTY);
  });

  test('that were refused are kept for thirty days', async () => {
    await write(rowStatement({ kind: 'start', target: 'novel', payload: null }));
    await engine.advance('29d');
    expect((await inboxOf(engine.backstep)).refused.length).toBe(1);
    await engine.advance('2d');
    expect((await inboxOf(engine.backstep)).refused.length).toBe(0);
  });

  test('are ten thousand, and all are taken in order', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 20; count++) ids.push(await engine.spawn({ name: `n${count}` }));
    const lines = Array.from({ length: 500 }, (_, index) => String(index));
    await write(...lines.flatMap((line) => ids.map((id) => writeRow(id, line))));
    for (const id of ids) expect(await linesOf(engine.backstep, id)).toEqual(lines);
    expect(await inboxOf(engine.backstep)).toEqual(EMPTY);
  });

  test('that find no room wait, and let others pass', async () => {
    const single = defineSaga({
      id: 'single',
      input: z.null(),
      activities: {} as { call(input: null): null },
    })
      .wait('word', { on: { go: 'continue' }, within: '1d' })
      .step('call', { kind: 'pivot', input: () => null })
      .build();
    engine.close();
    engine = await openTestEngine(single, {
      activities: { call: () => null },
      concurrency: { limit: 1, maxQueued: 0 },
    });
    engine.register(notebookSaga, { activities: {} });
    const ask = rowStatement({ kind: 'start', target: 'single', payload: null });
    await write(ask, ask, startRow('passes'));
    expect((await inboxOf(engine.backstep)).waiting).toBe(1);
    const [first = '', passed = ''] = await sagaIds(engine.backstep);
    expect((await engine.story(passed)).status).toBe('waiting');
    await engine.send(first, { type: 'go' });
    await engine.advance('1s');
    expect(await inboxOf(engine.backstep)).toEqual(EMPTY);
    expect((await sagaIds(engine.backstep)).length).toBe(3);
  });
});

test('every row is taken exactly once, wherever the engine dies', async () => {
  const life: Life = {
    register: (backstep) => backstep.register(notebookSaga, { activities: {} }),
    live: async (backstep, pass) => {
      await once(backstep, 'start', [startRow('diary')]);
      await pass(async () => (await inboxOf(backstep)).waiting === 0);
      const [id = ''] = await sagaIds(backstep);
      await once(backstep, 'events', [
        writeRow(id, 'a'),
        writeRow(id, 'b'),
        rowStatement({ kind: 'event', target: id, payload: { type: 'tear' } }),
        writeRow(id, 'c'),
      ]);
      await pass(async () => (await inboxOf(backstep)).waiting === 0);
    },
    check: async (backstep) => {
      const ids = await sagaIds(backstep);
      expect(ids.length).toBe(1);
      expect(await linesOf(backstep, ids[0] ?? '')).toEqual(['a', 'b', 'c']);
      const { waiting, refused } = await inboxOf(backstep);
      expect(waiting).toBe(0);
      expect(refused.map(({ code }) => code)).toEqual(['not-legal']);
    },
  };
  expect(await crashEverywhere(life)).toBeGreaterThanOrEqual(12);
});

/** Writes rows in a transaction that commits once, however often its client comes. */
async function once(backstep: Backstep, name: string, rows: readonly ExpectedStatement[]) {
  const marker = {
    sql: 'INSERT OR IGNORE INTO revoked_sessions (id, until) VALUES (?, 1)',
    parameters: [name],
    expect: { changes: 1, code: 'written', message: 'they were written before' },
  };
  const { kind } = await backstep.store.write([marker, ...rows]);
  expect(['committed', 'unmet']).toContain(kind);
}
