import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { filesUnder } from '../source-files.ts';
import { openFixture, type HttpFixture } from './http-fixture.ts';

const STYLES = new URL('../../public/styles/', import.meta.url);
/** Beginnings of classes whose rest is put together: `is-${status}`. */
const COMPOSED = /^(?:is|series|span|tone)-/;

let http: HttpFixture;
afterEach(() => http.dispose());

describe('the files of the page', () => {
  it('are served with a tag, and 304 for who has them', async () => {
    http = await openFixture();
    for (const name of ['backstep.css', 'backstep.js', 'htmx.js']) {
      const response = await http.send('GET', `/assets/${name}`);
      const etag = response.headers.get('etag') ?? '';
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const headers = { 'if-none-match': etag };
      expect((await http.app.request(`/assets/${name}`, { headers })).status).toBe(304);
    }
    const script = await (await http.send('GET', '/assets/htmx.js')).text();
    expect(script.indexOf('registerExtension("ws"')).toBeGreaterThan(10_000);
  });

  it('have every stylesheet of the folder, each once', async () => {
    http = await openFixture();
    const served = await (await http.send('GET', '/assets/backstep.css')).text();
    const files = readdirSync(STYLES);
    expect(files.length).toBeGreaterThan(10);
    const texts = files.map((file) => readFileSync(new URL(file, STYLES), 'utf8'));
    for (const text of texts) expect(served.split(text)).toHaveLength(2);
    expect(served.length).toBe(texts.join('\n').length);
  });

  it('have no rule for a class that no page of the server has', () => {
    const styles = readdirSync(STYLES).map((file) => readFileSync(new URL(file, STYLES), 'utf8'));
    const selectors = styles.join('\n').replaceAll(/\/\*[^]*?\*\/|\{[^{}]*\}/g, ' ');
    const classes = new Set(
      [...selectors.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = '']) => name),
    );
    const sources = [...filesUnder('src'), ...filesUnder('public')];
    const ours = sources.filter(({ path }) => !path.startsWith('src/demo/'));
    const words = new Set(ours.flatMap(({ text }) => text.match(/[a-z][\w-]*/g) ?? []));
    const unused = [...classes].filter((name) => !words.has(name) && !COMPOSED.test(name));
    expect(unused).toEqual([]);
    expect(classes.size).toBeGreaterThan(80);
  });

  it.each(['..%2fpackage.json', '%2e%2e/app.ts', '%00', 'backstep.css%00', 'Backstep.css', ''])(
    'are only those: %s',
    async (name) => {
      http = await openFixture();
      expect((await http.send('GET', `/assets/${name}`)).status).toBe(404);
    },
  );
});
