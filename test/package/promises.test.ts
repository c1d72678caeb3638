/** The promises of the guide: every one is there, and the tests that it names are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CHAPTER = readFileSync(join(ROOT, 'public/guide/12-promises.md'), 'utf8');
const PROMISES = 29;
/** Tests that reach the demo go with it. */
const HAS_DEMO = existsSync(join(ROOT, 'src/demo'));

/** Promises by number, each with what stands below it up to the next one. */
const promises = new Map(
  CHAPTER.split(/^(?=\*\*G\d+\. )/m)
    .slice(1)
    .map((text) => [Number(/^\*\*G(\d+)/.exec(text)?.[1]), text]),
);

test('every promise is there, once, and names a test', () => {
  const numbers = [...promises.keys()].toSorted((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: PROMISES }, (_, index) => index + 1));
  const bare = [...promises].filter(([, text]) => testsIn(text).length === 0);
  expect(bare.map(([number]) => `G${number}`)).toEqual([]);
});

test('each test that a promise names exists', () => {
  const missing = testsIn(CHAPTER).flatMap(({ file, title }) => {
    const path = join(ROOT, 'test', file);
    if (!HAS_DEMO && !existsSync(path)) return [];
    const isThere = title.length >= 20 && readFileSync(path, 'utf8').includes(title);
    return isThere ? [] : [`${file}: ${title}`];
  });
  expect(missing).toEqual([]);
});

function testsIn(text: string): readonly { readonly file: string; readonly title: string }[] {
  const lines = text.matchAll(/^- `([\w./-]+\.ts)`: (.+(?:\n {2}.+)*)$/gm);
  return [...lines].map(([, file = '', title = '']) => ({
    file,
    title: title.replaceAll(/\s+/g, ' '),
  }));
}
