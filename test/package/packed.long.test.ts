/**
 * What a user of the published package gets: types that can be named, in strict projects, and
 * programs of the README and of the guide that are type-checked and run as they stand.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { beforeAll, expect, test } from 'vitest';
import { unnamedTypes } from './declarations.ts';
import { printed } from './documented.ts';
import { DEPENDENCIES, PACK_MS, usePackedProject } from './packed-project.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The programs of a chapter start one after the other, and chapters share the machine. */
const SESSIONS_MS = 240_000;

const CHAPTERS = readdirSync(join(ROOT, 'public/guide')).map((file) => `public/guide/${file}`);
const project = usePackedProject(
  ['README.md', ...CHAPTERS.filter((file) => /\/\d\d-/.test(file))],
  ['@opentelemetry/api', '@opentelemetry/sdk-trace', '@opentelemetry/context-async-hooks'],
);

beforeAll(() => {
  for (const file of ['typed-api.ts', 'typed-loops.ts', 'typed-client.ts', 'typed-restate.ts']) {
    const promised = readFileSync(join(ROOT, 'test/package', file), 'utf8');
    const asUser = promised
      .replace('../../src/index.ts', 'backstep')
      .replace('../../src/client.ts', 'backstep/client')
      .replace('../../src/restate.ts', 'backstep/restate');
    writeFileSync(join(project.folder, file), asUser);
  }
  writeFileSync(join(project.folder, 'lacking.ts'), LACKING);
});

/** Programs that the compiler refuses, each line with the sentence that it says. */
const LACKING = `
import { draft } from './typed-api.ts';
draft.step('bookHotel', { input: ({ input }) => input });
draft.step('book', { kind: 'pivot', input: ({ input }) => input });
draft.step('payDeposit', { kind: 'pivot', input: () => ({ booking: '' }), compensate: {} });
draft.step('bookHotel', { kind: 'pivot', input: ({ input }) => input, tiemout: '3s' });
`;
const SENTENCES = [
  [3, 'step \\"bookHotel\\" needs \\"compensate\\", or a kind: pivot, retriable or read-only'],
  [4, 'no activity is called \\"book\\": say in \\"activity\\" which one it calls'],
  [5, 'a pivot step is never compensated'],
  [6, "Did you mean to write 'timeout'?"],
] as const;

test('exports every type that its public signatures speak of, at that door or the main one', () => {
  const doors = Object.values(project.manifest().exports).map(({ types }) =>
    join(project.installed, types),
  );
  const [main = ''] = doors;
  expect(doors).toHaveLength(6);
  expect(doors.flatMap((door) => unnamedTypes(door, main))).toEqual([]);
});

test('is found nothing wrong with by those who look at packages', async () => {
  const { messages } = await publint({ pkgDir: project.installed, strict: true, pack: false });
  expect(messages).toEqual([]);
  const attw = join(DEPENDENCIES, '@arethetypeswrong/cli/dist/index.js');
  const tarball = readdirSync(project.folder).find((name) => name.endsWith('.tgz')) ?? '';
  expect(project.node(attw, tarball, '--profile', 'esm-only', '--quiet')).toMatchObject({
    code: 0,
  });
});

test.each([true, false])(
  'type-checks in a strict project, its exact options %s',
  (isExact) => {
    const compilerOptions = {
      strict: true,
      target: 'es2024',
      module: 'nodenext',
      types: ['node'],
      noEmit: true,
      // What a program exports has types that can be named.
      declaration: true,
      rewriteRelativeImportExtensions: true,
      exactOptionalPropertyTypes: isExact,
      // With exact options XState's own declarations have errors.
      skipLibCheck: isExact,
    };
    writeFileSync(
      join(project.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, include: ['**/*.ts'] }),
    );
    const { out, err } = project.node(
      'node_modules/typescript/bin/tsc',
      '-p',
      '.',
      '--pretty',
      'false',
    );
    const complaints = out.split(/^(?=\S)/m).filter((complaint) => complaint !== '');
    for (const [line, sentence] of SENTENCES) {
      const said = complaints.filter((complaint) => complaint.startsWith(`lacking.ts(${line},`));
      expect(said.join('')).toContain(sentence);
    }
    const others = complaints.filter((complaint) => !complaint.startsWith('lacking.ts('));
    expect({ others, err }).toEqual({ others: [], err: '' });
  },
  PACK_MS,
);

// The README itself: packed.test.ts.
const withSessions = project.manuals.filter(
  ({ name, sessions }) => name !== 'README' && sessions.length > 0,
);

test.concurrent.each(withSessions)(
  'does what $name says',
  async ({ folder, sessions }) => {
    for (const { command, prints } of sessions) {
      const said = await project.shell(command, folder);
      expect(`$ ${command}\n${said}`).toMatch(printed(command, prints));
    }
  },
  SESSIONS_MS,
);
