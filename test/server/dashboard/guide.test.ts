import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { chapterOf } from '../../../src/server/dashboard/guide/guide-text.ts';
import { mountedAt } from '../../../src/server/mounted.ts';
import { openFixture, type HttpFixture } from '../http-fixture.ts';

const FILES = readdirSync('public/guide').filter((file) => /^\d\d-/.test(file));

describe('the guide on the dashboard', () => {
  let http: HttpFixture;
  afterEach(() => http.dispose());

  async function page(path: string): Promise<string> {
    const answer = await http.send('GET', path);
    expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    return answer.text();
  }

  it('shows every chapter, and each link in it leads to a place that is there', async () => {
    http = await openFixture({ security: READ_ONLY });
    const paths = ['/guide', ...FILES.map((file) => `/guide/${file.replace('.md', '')}`)];
    const pages = new Map<string, string>();
    for (const path of paths) pages.set(path, await page(path));
    const lost = [...pages].flatMap(([path, text]) => {
      const article = text.slice(text.indexOf('<article'));
      const links = [...article.matchAll(/<a href="([^"]+)"/g)].map(([, href = '']) => href);
      return links
        .filter((href) => !href.startsWith('https://'))
        .filter((href) => {
          const [to = '', id] = href.split('#');
          const target = pages.get(to === '' ? path : to);
          return target === undefined || (id !== undefined && !target.includes(` id="${id}"`));
        })
        .map((href) => `${path}: ${href}`);
    });
    expect(lost).toEqual([]);
    expect(pages.get('/guide')).toContain('<a href="/guide/01-first-saga">A first saga</a>');
  });

  it('leads to its chapters under a prefix too', async () => {
    http = await openFixture();
    const answer = await mountedAt('/ops', http.app).request('/ops/guide/01-first-saga');
    const text = await answer.text();
    expect(text).toContain('<a href="/ops/guide/02-failures#kinds-of-steps">');
    expect(text).not.toContain('href="/guide');
  });

  it('is in the navigation, which stays marked in a chapter', async () => {
    http = await openFixture();
    expect(await page('/guide/01-first-saga')).toMatch(
      /<a href="\/guide" aria-current="page"\s*>Guide<\/a>/,
    );
  });

  it('has no other chapters', async () => {
    http = await openFixture();
    for (const name of ['nope', 'README', '..%2fREADME', '01-first-saga.md', '__proto__']) {
      const { status } = await http.send('GET', `/guide/${name}`);
      expect({ name, status }).toEqual({ name, status: 404 });
    }
  });
});

const READ_ONLY = { allowedHosts: ['localhost'], token: null, isReadOnly: true };

describe('a chapter', () => {
  const shown = (markdown: string): string => chapterOf('01-a.md', `# A\n\n${markdown}`).html;

  it.each([
    '<script>alert(1)</script>',
    'text <img src=x onerror=alert(1)> text',
    '[a](javascript:alert(1))',
    '[a](JaVaScRiPt:alert(1))',
    '[a](data:text/html,<script>alert(1)</script>)',
    '[a](https://example.org/"onmouseover="alert(1))',
    '![a](https://example.org/a.png "<script>")',
    '```html\n<script>alert(1)</script>\n```',
    '## <script>alert(1)</script>',
    '| <script>a</script> |\n| --- |\n| <img src=x> |',
    '[<img src=x>](02-b.md)',
    '<https://example.org/<script>>',
  ])('lets no HTML through: %s', (markdown) => {
    const text = shown(markdown);
    expect(text).not.toMatch(/<(script|img)\b|href="(?!https:|\/guide|#)|"onmouseover/i);
  });

  it('leads to chapters, to places in them and to the web, and nowhere else', () => {
    const links = '[a](02-b.md) [b](02-b.md#c-d) [c](README.md) [d](#e) [f](https://x.org/y?z=1&w)';
    expect([...shown(links).matchAll(/href="([^"]+)"/g)].map(([, href]) => href)).toEqual([
      '/guide/02-b',
      '/guide/02-b#c-d',
      '/guide',
      '#e',
      'https://x.org/y?z=1&amp;w',
    ]);
    expect(shown('[a](../../etc/passwd) [b](/sagas) [c](//evil.org)')).not.toContain('href');
  });

  it('gives headings of the same words places of their own', () => {
    const ids = [...shown('## What *is* it?\n\n## What is it?').matchAll(/ id="([^"]+)"/g)];
    expect(ids.map(([, id]) => id)).toEqual(['a', 'what-is-it', 'what-is-it-1']);
  });
});
