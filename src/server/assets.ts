/**
 * The page's files: a fixed list, read once, served from memory.
 *
 * No path of a request ever reaches the file system. htmx and its WebSocket extension are joined
 * into one script, because two scripts may run too late for each other.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Context, Hono } from 'hono';
import type { HttpEnv } from './http-env.ts';
import { packageFile } from './package-files.ts';

/** The stylesheets of public/styles, in the order in which later rules override earlier ones. */
const STYLES = [
  'variables',
  'elements',
  'frame',
  'pieces',
  'saga',
  'rail',
  'timeline',
  'chart',
  'performance',
  'debug',
  'overview',
  'sagas',
  'dead-letters',
  'guide',
  'print',
];

/** A file in memory. */
export interface Asset {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly etag: string;
}

/**
 * Serves each file of the list, below `/assets`. Throws when one is missing.
 *
 * @param styles of extensions, whose rules come last
 */
export function assetRoutes(styles: readonly string[]): Hono<HttpEnv> {
  const script = 'text/javascript; charset=utf-8';
  const htmx = ['htmx.org/dist/htmx.min.js', 'htmx.org/dist/ext/hx-ws.min.js'];
  const assets: Readonly<Record<string, Asset>> = {
    'backstep.css': stylesheet(styles),
    'backstep.js': asset([textOf(publicFile('backstep.js'))], script),
    'inspector-bridge.js': asset([textOf(publicFile('inspector-bridge.js'))], script),
    'htmx.js': asset(htmx.map(dependencyFile).map(textOf), script),
  };
  const app = new Hono<HttpEnv>();
  for (const [name, file] of Object.entries(assets)) app.get(`/${name}`, (c) => serve(c, file));
  return app;
}

/** All stylesheets as one. Throws when one is missing. */
export function stylesheet(styles: readonly string[] = []): Asset {
  const own = STYLES.map((name) => textOf(publicFile(`styles/${name}.css`)));
  return asset([...own, ...styles], 'text/css; charset=utf-8', '\n');
}

/** Answers with a file, or that the client has it already. */
export function serve(c: Context, { content, contentType, etag }: Asset): Response {
  const headers = { etag, 'cache-control': 'no-cache' };
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
  return c.body(content, 200, { ...headers, 'content-type': contentType });
}

// Between scripts a line break and a semicolon: neither may swallow the start of the next.
function asset(texts: readonly string[], contentType: string, between = '\n;\n'): Asset {
  const content = new TextEncoder().encode(texts.join(between));
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 22);
  return { content, contentType, etag: `"${hash}"` };
}

function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The path of a file below public/. */
export function publicFile(name: string): string {
  return fileURLToPath(packageFile(`public/${name}`));
}

function dependencyFile(specifier: string): string {
  return fileURLToPath(import.meta.resolve(specifier));
}
