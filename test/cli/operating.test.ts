/** Commands on a server and on a database: what they print, how they end, and what they change. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { visibleText } from '../../src/core/visible-text.ts';
import { notes } from '../client/notes-program.ts';
import { type NotesServer, notesServer, TOKEN } from './notes-server.ts';
import { jsonOf, typed } from './typed-commands.ts';

const MODULE = fileURLToPath(new URL('../client/notes-program.ts', import.meta.url));

let server: NotesServer;
let url: string;
let folder: string;
let database: string;
beforeAll(async () => {
  server = await notesServer();
  ({ url, folder, database } = server);
});
afterAll(() => server.stop());

const run: NotesServer['run'] = (...given) => server.run(...given);
const started: NotesServer['started'] = (name) => server.started(name);

describe('a saga is', () => {
  test('started, explained, sent events, and watched until it is settled', async () => {
    const id = await started('whole');
    expect(
      await run(['start', 'notes', '--input', '{"name":"whole"}', '--key', 'whole']),
    ).toMatchObject({
      code: 0,
      out: `${id} was started with that key before: waiting\n`,
    });
    const why = await run(['why', 'whole']);
    expect(why.out).toMatch(/now +Next: it waits for write; .*writing.* at \d{4}-/);
    expect(why.err).toContain(`next: backstep send ${id} write`);
    const send = (data: string, ...more: string[]) =>
      run(['send', id, 'write', '--data', data, '--by', 'ada', ...more], { input: '{"line":"b"}' });
    expect((await send('{"line":"a"}', '--dry-run')).out).toContain(`would send write to ${id}`);
    expect((await send('-')).code).toBe(0);
    const watching = run(['watch', id]);
    expect((await run(['send', id, 'close'])).code).toBe(0);
    expect(await watching).toMatchObject({ code: 0 });
    const history = await run(['history', id]);
    expect(history.out).toMatch(/write .*by ada/);
    expect(await run(['again', id, '--key', 'again', '--dry-run', '--json'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('"name": "whole"') as unknown,
    });
  });

  test('named by its whole key, however many keys begin with that', async () => {
    const id = await started('note-1');
    for (let count = 0; count < 8; count += 1) await started(`note-1${count}`);
    expect(await run(['why', 'note-1'])).toMatchObject({
      code: 0,
      out: expect.stringContaining(id) as unknown,
    });
    expect(await run(['why', 'note-'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /"note-" is more than one saga: .*; give more of the id/,
      ) as unknown,
    });
  });

  test('ordered, of the turn that was seen, and its audit says who and why', async () => {
    const id = await started('ordered');
    expect(await run(['pause', id, '--dry-run'])).toMatchObject({
      code: 0,
      out: `would order pause of ${id}, which is waiting\nStop a saga where it stands, timers included.\n`,
    });
    expect((await run(['pause', id, '--by', 'ada', '--reason', 'look first'])).code).toBe(0);
    expect((await run(['pause', id])).code).toBe(4);
    expect((await run(['resume', id, '--expect', '1'])).code).toBe(4);
    const edit = ['edit-context', id, '--context', '{"input":{"name":"edited"}}'];
    expect((await run(edit)).code).toBe(0);
    expect((await run(['resume', id])).code).toBe(0);
    expect((await run(['terminate', id, '--dry-run'])).out).toContain('Nothing of it stays behind');
    expect((await run(['terminate', id])).code).toBe(0);
    const history = jsonOf(await run(['history', id, '--json'])) as {
      items: { by?: string; reason?: string }[];
    };
    expect(history.items).toContainEqual(
      expect.objectContaining({ by: 'ada', reason: 'look first' }),
    );
  });

  test('named by as much as only one begins with, and a change says which that is', async () => {
    const ids = [await started('twin-1'), await started('twin-2')];
    const both = await run(['show', 'twin']);
    expect(both.code).toBe(2);
    for (const id of ids) expect(both.err).toContain(id);
    expect((await run(['show', 'twin-1'])).out).toContain(ids[0]);
    const changed = await run(['pause', 'twin-2']);
    expect(changed.err).toContain(`"twin-2" is saga ${ids[1]}, notes twin-2, waiting`);
  });
});

describe('ends with the code of', () => {
  test.each([
    ['not found', 3, ['show', 'nobody'], {}],
    ['a type that is not found', 3, ['start', 'nothing', '--input', '{}'], {}],
    ['an input that is refused', 4, ['start', 'notes', '--input', '{}'], {}],
    ['no server', 5, ['ls', '--url', 'http://127.0.0.1:1'], {}],
    ['no token', 6, ['ls'], { BACKSTEP_TOKEN: '' }],
    ['a wrong token', 6, ['ls'], { BACKSTEP_TOKEN: 'another-token-that-is-long-enough' }],
    ['a filter that is wrong', 2, ['ls', '--status', 'lost'], {}],
    ['a saga and a filter', 2, ['retry', 'x', '--type', 'notes'], {}],
    ['a setting that is no good', 2, ['ls'], { BACKSTEP_URL: 'nonsense' }],
    ['nothing to be ordered of', 2, ['retry'], {}],
    ['input that is no JSON', 2, ['start', 'notes', '--input', '{'], {}],
    ['a database that is not there', 1, ['ls', '--db', 'nowhere.db'], {}],
    ['a server and a database', 2, ['ls', '--db', 'a.db', '--url', 'http://127.0.0.1:1'], {}],
  ])('%s', async (_, code, args, env) => {
    const ran = await run(args, { env });
    expect({ code: ran.code, out: ran.out }).toEqual({ code, out: '' });
    expect(ran.err).toMatch(/^backstep: /);
    expect(ran.err).not.toContain(TOKEN);
  });

  test('a refusal, which as JSON says what is legal', async () => {
    const id = await started('refused');
    const { code, out, err } = await run(['resume', id, '--json']);
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(JSON.parse(err)).toMatchObject({
      error: {
        code: 'not-legal',
        status: 409,
        legal: expect.arrayContaining(['pause']) as unknown,
      },
    });
  });
});

describe('an error is told once:', () => {
  test('an input that is refused, by each of its issues', async () => {
    const { err } = await run(['start', 'notes', '--input', '{}']);
    const lines = err.trimEnd().split('\n');
    expect(new Set(lines.map((line) => line.replace(/^(backstep:| ) /, ''))).size).toBe(
      lines.length,
    );
  });

  test('an event that it does not know, with what is legal', async () => {
    const { err } = await run(['send', await started('told-once'), 'wriet']);
    expect(err.match(/legal now/g)).toHaveLength(1);
  });

  test('a token that is missing or wrong, with where to put it', async () => {
    const { err } = await run(['ls'], { env: { BACKSTEP_TOKEN: '' } });
    expect(err).toContain('the token is missing or wrong: set BACKSTEP_TOKEN');
    const wrong = await run(['ls'], { env: { BACKSTEP_TOKEN: `${TOKEN}-of-another` } });
    expect(wrong).toMatchObject({
      code: 6,
      err: expect.stringContaining('That is not the token of this server.') as unknown,
    });
  });
});

test('why tells in full what each command does', async () => {
  const { out } = await run(['why', await started('in-full')]);
  expect(out).toContain('terminate');
  expect(out).not.toContain('…');
});

test('a token comes from a file', async () => {
  const file = join(folder, 'token');
  writeFileSync(file, `${TOKEN}\n`);
  const env = { BACKSTEP_TOKEN: '' };
  expect((await run(['stats', '--token-file', file], { env })).code).toBe(0);
  expect((await run(['stats', '--token-file', join(folder, 'none')], { env })).code).toBe(2);
});

test('a database is read beside its owner, in the same words as from the server', async () => {
  const id = await started('read-twice');
  for (const args of [['ls'], ['show', id], ['why', id], ['history', id], ['dead-letters']]) {
    const command = [...args, '--json'];
    // Of a module only those want to know that look at one saga.
    const module = args.length > 1 ? ['--module', MODULE] : [];
    const fromDatabase = await typed([...command, '--db', database, ...module]);
    expect(jsonOf(fromDatabase)).toEqual(jsonOf(await run(command)));
  }
  const bare = await typed(['show', id, '--db', database]);
  expect(bare.out).toContain('the definition of notes, version 1, is not known here');
  // A database takes no orders, so that none is proposed.
  const why = await typed(['why', id, '--db', database, '--module', MODULE]);
  expect(why.err).toContain(`next: backstep history ${id} --db ${database}`);
  const stats = await typed(['stats', '--db', database]);
  expect(stats.out).toMatch(/^STATUS +SAGAS\n/);
});

test('what a payload carries cannot move the cursor or hide a line', async () => {
  const name = 'a\u001b[2Jb\u202ec\u009bd\nfake  line';
  const client = createClient({ url, token: TOKEN });
  const { id } = await client.spawn(notes, { input: { name }, key: name });
  for (const args of [
    ['ls'],
    ['show', id],
    ['why', id],
    ['show', id, '--json'],
    ['ls', '--json'],
  ]) {
    const { out, err } = await run(args);
    for (const line of `${out}${err}`.split('\n')) expect(line).toBe(visibleText(line));
  }
  expect((jsonOf(await run(['show', id, '--json'])) as { key: string }).key).toBe(name);
});

test('a list that goes on proposes the rest of what was asked for', async () => {
  for (const name of ['more 1', 'more 2']) await started(name);
  const filters = [
    '--status',
    'waiting,paused',
    '--older-than',
    '0s',
    '--query',
    'more ',
    '--limit',
  ];
  const { err } = await run(['ls', ...filters, '1']);
  expect(err).toBe(
    "next: backstep ls --status waiting,paused --older-than 0ms --query 'more ' --all\n",
  );
});

test('what is not read is no option: a module for lists and figures', async () => {
  for (const command of ['ls', 'dead-letters', 'stats']) {
    const { code, err } = await typed([command, '--db', database, '--module', MODULE]);
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringContaining("unknown option '--module'") as unknown,
    });
  }
});

test('completion knows the values that an option and a command can have', async () => {
  for (const shell of ['bash', 'zsh']) {
    const { out } = await typed(['completion', shell]);
    expect(out).toMatch(/"--status ".*compensation_failed/);
    expect(out).toMatch(/"completion ".*zsh/);
    expect(out.includes('compinit;')).toBe(shell === 'zsh');
  }
});

test('completion knows every command and its options', async () => {
  const { out: help } = await typed(['--help']);
  const names = [...help.matchAll(/^ {2}([a-z-]+) (?:\[|<)/gm)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(20);
  for (const shell of ['bash', 'zsh']) {
    const { code, out } = await typed(['completion', shell]);
    expect(code).toBe(0);
    for (const name of names) expect(out).toMatch(new RegExp(`\\b${name}\\b`));
    expect(out).toContain('--older-than');
  }
});

test('the guide has the table of exit codes that the help has', async () => {
  const guide = readFileSync(
    new URL('../../public/guide/07-operating.md', import.meta.url),
    'utf8',
  );
  const { out: help } = await typed(['--help']);
  for (const [code, what] of EXIT_CODES) {
    expect(help).toContain(`\n  ${code}  ${what}\n`);
    expect(guide).toMatch(new RegExp(`^\\| ${code} +\\| ${what} +\\|$`, 'm'));
  }
});

test('alerts are listed, and a trial says whether it arrived', async () => {
  expect(await run(['alerts'])).toMatchObject({
    code: 0,
    out: 'no incident is open\n',
    err: 'next: backstep alerts --trial desk\n',
  });
  const trial = await run(['alerts', '--trial', 'desk', '--json']);
  expect(jsonOf(trial)).toMatchObject({ target: 'desk', outcome: 'delivered', error: null });
  expect(await run(['alerts', '--trial', 'nobody'])).toMatchObject({ code: 3 });
});
