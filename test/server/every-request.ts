/** Requests of every route that there is, and what two processes over one database answer to them. */
import type { Hono } from 'hono';
import type { HttpEnv } from '../../src/server/http-env.ts';

export type ProcessApp = Pick<Hono<HttpEnv>, 'request' | 'routes'>;

interface Try {
  /** As the app has the route: `GET /api/sagas/:id`. */
  readonly route: string;
  readonly path?: string;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
}

/** What another answer is expected of where the route says how this one process does. */
const OF_THE_PROCESS = ['GET /api/health', 'GET /api/live', 'GET /metrics'];
/** No answer that ends, or none over HTTP; they have tests of their own. */
const ENDLESS = ['GET /api/transitions', 'GET /ws/transitions', 'GET /ws/page'];

/**
 * Sends the same to both, each for a saga of its own, and gives the routes where the answers differ.
 * `start`: gives a notebook saga that waits.
 */
export async function answeredOtherwise(
  owner: ProcessApp,
  standby: ProcessApp,
  start: () => Promise<string>,
): Promise<readonly string[]> {
  const tries = triesFor('ID', 'BULK');
  const known = new Set([...tries.map(({ route }) => route), ...ENDLESS]);
  const wrong = new Set(routesOf(standby).filter((route) => !known.has(route)));
  const state = { owner: await begun(owner, start), standby: await begun(standby, start) };
  const ownTries = triesFor(...state.owner);
  const standbyTries = triesFor(...state.standby);
  for (const [index, each] of ownTries.entries()) {
    const other = standbyTries[index] ?? each;
    const one = await answerOf(owner, each);
    const two = await answerOf(standby, other);
    if (OF_THE_PROCESS.includes(each.route)) continue;
    if (one !== two || Number(one.slice(0, 3)) >= 500) wrong.add(`${each.route}: ${one}, ${two}`);
  }
  return [...wrong];
}

async function begun(app: ProcessApp, start: () => Promise<string>): Promise<[string, string]> {
  const id = await start();
  const frozen = await send(app, {
    route: 'POST /api/bulk',
    json: { command: 'pause', ids: [id], start: false },
  });
  const { id: bulk } = (await frozen.json()) as { id: number };
  return [id, String(bulk)];
}

/** In this order each is legal. */
function triesFor(id: string, bulk: string): readonly Try[] {
  const command = (name: string): Try => ({
    route: 'POST /api/sagas/:id/commands',
    path: `/api/sagas/${id}/commands`,
    json: { command: name },
  });
  const definition = (more = ''): Try => ({
    route: `GET /api/definitions/:type${more}`,
    path: `/api/definitions/notebook${more.replace(':number', '1')}`,
  });
  const page = (route: string, path = route): Try => ({ route: `GET ${route}`, path });
  const form = (route: string, path: string, fields: Try['form'] = {}): Try => ({
    route: `POST ${route}`,
    path,
    form: fields,
  });
  return [
    { route: 'POST /api/sagas/:type', path: '/api/sagas/notebook', json: { input: { name: id } } },
    { route: 'POST /api/sagas/:type', path: '/api/sagas/none', json: { input: null } },
    page('/api/sagas'),
    page('/api/sagas/:id', `/api/sagas/${id}`),
    page('/api/sagas/:id/transitions', `/api/sagas/${id}/transitions`),
    page('/api/sagas/:id/why', `/api/sagas/${id}/why`),
    {
      route: 'POST /api/sagas/:id/events',
      path: `/api/sagas/${id}/events`,
      json: { type: 'write', line: 'a' },
    },
    command('pause'),
    command('pause'),
    command('resume'),
    { route: 'POST /api/bulk', json: { command: 'pause', ids: [id], start: true } },
    { route: 'POST /api/bulk', json: { command: 'pause', ids: 7 } },
    page('/api/bulk'),
    page('/api/bulk/:bulk', `/api/bulk/${bulk}`),
    page('/api/bulk/:bulk/sagas', `/api/bulk/${bulk}/sagas`),
    { route: 'POST /api/bulk/:bulk/start', path: `/api/bulk/${bulk}/start`, json: {} },
    { route: 'POST /api/bulk/:bulk/start', path: '/api/bulk/999/start', json: {} },
    { route: 'POST /api/bulk/:bulk/stop', path: `/api/bulk/${bulk}/stop`, json: {} },
    page('/api/dead-letters'),
    page('/api/alerts'),
    page('/api/alerts/incidents'),
    page('/api/alerts/deliveries'),
    { route: 'POST /api/alerts/trials', json: { target: 'nobody' } },
    form('/alerts/trials', '/alerts/trials', { target: 'nobody' }),
    page('/api/definitions'),
    ...['', '/machine', '/mermaid', '/ways/:number', '/stately'].map(definition),
    page('/api/versions'),
    page('/api/stats'),
    page('/api/inbox'),
    page('/api/retention'),
    { route: 'POST /api/retention/resume', json: {} },
    page('/api/capabilities'),
    page('/api/calls'),
    page('/api/resync'),
    { route: 'POST /api/resync', json: {} },
    { route: 'POST /api/sagas/:id/nudge', path: `/api/sagas/${id}/nudge`, json: {} },
    page('/api/health'),
    page('/api/live'),
    page('/metrics'),
    page('/api/openapi.json'),
    page('/inspect'),
    page('/inspect/v4'),
    form('/login', '/login', { token: 'wrong' }),
    form('/sagas/:id/commands/:command', `/sagas/${id}/commands/pause`),
    form('/sagas/:id/events/:type', `/sagas/${id}/events/write`),
    form('/bulk', '/bulk', { command: 'resume', [`saga:${id}`]: 'on' }),
    form('/bulk/:id/start', `/bulk/${bulk}/start`),
    form('/bulk/:id/stop', `/bulk/${bulk}/stop`),
    form('/definitions/:type/start', '/definitions/notebook/start', { name: id }),
    page('/'),
    page('/login'),
    page('/login/backstep.css'),
    page('/sagas'),
    page('/sagas/:id', `/sagas/${id}`),
    page('/bulk/:id', `/bulk/${bulk}`),
    page('/dead-letters'),
    page('/alerts'),
    page('/services'),
    page('/performance'),
    page('/definitions'),
    page('/definitions/:type', '/definitions/notebook'),
    page('/inspector'),
    page('/inspector/stately'),
    page('/debug'),
    page('/guide'),
    page('/guide/:chapter', '/guide/07-operating'),
    // Last: whoever logs out asks for nothing more.
    form('/logout', '/logout'),
  ];
}

function routesOf({ routes }: ProcessApp): readonly string[] {
  const all = routes
    .filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/assets'))
    .map(({ method, path }) => `${method} ${path}`);
  return [...new Set(all)];
}

/** Status, type and the names of what it carries: ids and times are others for each. */
async function answerOf(app: ProcessApp, asked: Try): Promise<string> {
  const answer = await send(app, asked);
  const type = answer.headers.get('content-type') ?? '';
  const body = await answer.text();
  const names = /json/.test(type) && body !== '' ? Object.keys(JSON.parse(body) as object) : [];
  return `${answer.status} ${type} ${names.toSorted().join()}`;
}

function send(app: ProcessApp, { route, path, json, form }: Try): Promise<Response> {
  const [method = '', own = ''] = route.split(' ');
  const headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` };
  if (json !== undefined) headers['content-type'] = 'application/json';
  if (form !== undefined) headers['content-type'] = 'application/x-www-form-urlencoded';
  const body = json !== undefined ? JSON.stringify(json) : new URLSearchParams(form).toString();
  const given = method === 'GET' ? { method, headers } : { method, headers, body };
  return Promise.resolve(app.request(path ?? own, given));
}

export const TOKEN = 'a-token-of-at-least-thirty-two-characters';
