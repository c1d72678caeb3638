/** Texts of the repository name files that are there, and lead to pages that are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GUIDE = readdirSync(join(ROOT, 'public/guide')).map((file) => `public/guide/${file}`);
/** Each text, with the folders that its paths may stand below. */
const TEXTS: readonly (readonly [text: string, ...folders: string[]])[] = [
  ['README.md', '.'],
  ['src/ARCHITECTURE.md', 'src', '.'],
  ['test/README.md', 'test', '.'],
  ...GUIDE.map((file) => [file, '.', 'test'] as const),
];
const FOLDERS = 'src|test|public|machines|actors|migrations';
/** What goes with the demo is still spoken of where it is gone. */
const OF_DEMO = /^(?:src\/|test\/)?(?:demo|machines|actors|browser|e2e|migrations\/demo)\b/;
const HAS_DEMO = existsSync(join(ROOT, 'src/demo'));

test.each(TEXTS)('%s names paths that are there', (text, ...folders) => {
  const markdown = readFileSync(join(ROOT, text), 'utf8').replaceAll(/^```.*?^```$/gms, '');
  const isBelow = folders.length > 1 && !text.startsWith('public/');
  const pattern = isBelow
    ? /^[\w.-]+(?:\/[\w.-]+)*(?:\/|\.ts|\.md)$/
    : new RegExp(`^(?:${FOLDERS})/[\\w./-]+$`);
  const named = [...markdown.matchAll(/`([^`\s]+)`/g)].map(([, span = '']) => span);
  const paths = named.filter((span) => pattern.test(span));
  const lost = paths.filter((path) => !folders.some((each) => existsSync(join(ROOT, each, path))));
  expect(lost.filter((path) => HAS_DEMO || !OF_DEMO.test(path))).toEqual([]);
  if (isBelow) expect(paths.length).toBeGreaterThan(5);
});

test('links between texts lead to files of the package', () => {
  const links = [...GUIDE, 'README.md'].flatMap((text) => {
    const markdown = readFileSync(join(ROOT, text), 'utf8');
    return [...markdown.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, to = '']) => ({
      text,
      path: join(dirname(text), to),
    }));
  });
  const lost = links.filter(
    ({ path }) => !path.startsWith('public/') || !existsSync(join(ROOT, path)),
  );
  expect(lost).toEqual([]);
  expect(links.length).toBeGreaterThan(20);
});
