/** Rows that somebody edited are shown as they are: no page and no route fails on one. */
import { afterEach, expect, it } from 'vitest';
import { createApp } from '../../src/server/app.ts';
import { type HttpFixture, openFixture } from './http-fixture.ts';

let http: HttpFixture;
afterEach(() => http?.dispose());

const ODD_TEXT = `char(27) || '[31m' || char(0) || char(0x202e) || '%'`;
const EDITS: readonly string[] = [
  ...['at = 9e15', 'at = -9e15', 'kind', 'cause', 'event', 'from_state', 'to_state', 'status'].map(
    (edit) => `UPDATE journal SET ${assigned(edit)}`,
  ),
  ...['created_at = 9e15', 'updated_at = -9e15', 'ended_at = 9e15', 'step', 'error', 'status'].map(
    (edit) => `UPDATE sagas SET ${assigned(edit)}`,
  ),
  `UPDATE sagas SET type = ${ODD_TEXT}`,
  `UPDATE sagas SET key = ${ODD_TEXT}`,
];

function assigned(edit: string): string {
  return edit.includes('=') ? edit.replaceAll('9e15', '9000000000000000') : `${edit} = ${ODD_TEXT}`;
}

function newApp({ backstep }: HttpFixture): HttpFixture['app'] {
  const security = { allowedHosts: ['localhost'], token: null };
  return createApp({ backstep, security }).hono;
}

it('every page and list still answers, whatever stands in a column', async () => {
  http = await openFixture();
  const id = await http.settledOrder('one');
  await http.settledOrder('two');
  const paths = [
    '/',
    '/debug',
    '/sagas',
    `/sagas/${id}`,
    '/dead-letters',
    '/inspector',
    '/metrics',
    '/api/sagas',
    `/api/sagas/${id}`,
    `/api/sagas/${id}/transitions`,
    '/api/stats',
  ];
  const failed: string[] = [];
  for (const edit of EDITS) {
    await http.backstep.store.write([{ sql: edit, parameters: [] }]);
    for (const path of paths) {
      const { status } = await http.send('GET', path);
      if (status >= 500) failed.push(`${edit}: ${path} ${status}`);
    }
    // As a server that starts on such a database: it reads the turns before its own.
    const { status } = await newApp(http).request('/debug');
    if (status >= 500) failed.push(`${edit}: /debug of a new server ${status}`);
  }
  expect(failed).toEqual([]);
});
