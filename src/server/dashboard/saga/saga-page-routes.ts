/**
 * `/sagas/{id}`: the page of one saga, now or after any of its turns, and what is ordered there.
 *
 * GET never changes anything. The forms work without script: then the answer is a redirect.
 */
import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { BackstepError } from '../../../core/errors.ts';
import { COMMAND_NAMES } from '../../../core/turn/inbound.ts';
import { isStill, type SagaState } from '../../../core/state.ts';
import { isJsonObject, readForm } from '../../body.ts';
import { authorOf, definitionOf, queryOf, type HttpContext, type HttpEnv } from '../../context.ts';
import { HttpProblem, problemOf } from '../../error-response.ts';
import { findJsonFlaw } from '../../json-scan.ts';
import { messagePage, renderPage, type PageKit } from '../frame/page-frame.ts';
import type { PageView } from '../../live/page-region.ts';
import { badQuery, textOf } from '../../query.ts';
import type { ChartLayouts } from '../chart/chart-layout.ts';
import { recordAt, type SagaHistories } from '../../api/saga-history.ts';
import { pictureOf } from './saga-picture.ts';
import { hasRail, litIn, type SagaLook, sagaPageGroups } from './saga-page-groups.ts';
import { chartSvg } from '../chart/chart-svg.ts';
import type { Html } from '../frame/html.ts';
import { refusal } from '../../../demo/order/order-form.ts';
import { orderInWords } from './saga-actions.ts';
import { sagaPage, sagaPath, type SagaTab } from './saga-view.ts';
import { wordsOf } from '../frame/status-badge.ts';

/** Recorded as the author of what is ordered on the page. */
const PAGE_AUTHOR = 'page';
/** The name of the page's view at the socket. */
export const SAGA_PAGE_VIEW = 'saga-page';

/** The live parts of the page, for its socket. */
export function sagaPageView(context: HttpContext, histories: SagaHistories): PageView {
  return (query) => {
    const id = textOf(query, 'id');
    if (id === null) throw badQuery('id', 'names the saga that the page shows');
    return sagaPageGroups(context, histories, { id, tab: tabOf(query), seq: null });
  };
}

/** The routes, to be mounted at `/sagas`. */
export function sagaPageRoutes(
  kit: PageKit,
  histories: SagaHistories,
  layouts: ChartLayouts,
): Hono<HttpEnv> {
  const { context } = kit;
  const { backstep, logger } = context;
  const app = new Hono<HttpEnv>();
  app.get('/:id', async (c) => {
    const query = queryOf(c);
    const look = { id: c.req.param('id'), tab: tabOf(query), seq: seqOf(query) };
    const saga = await backstep.read.saga(look.id);
    if (saga === null) {
      throw new BackstepError('not-found', `there is no saga ${look.id.slice(0, 100)}`);
    }
    if (look.seq !== null && look.seq > saga.seq) {
      throw badQuery('seq', `the saga has turns 1 to ${saga.seq}`);
    }
    const name = `${saga.type} ${saga.key ?? saga.id}`;
    // A past turn may be of another version, with another drawing.
    const then = look.seq === null ? null : await pictureOf(context, histories, look.id, look.seq);
    const definition =
      then?.kind === 'picture' ? then.definition : definitionOf(backstep, saga.type, saga.version);
    const isRail = hasRail(definition);
    const tab = isRail ? look.tab : 'chart';
    const chart = tab === 'rail' ? null : await chartOfSaga(kit, histories, layouts, look);
    const asOfMs =
      then?.kind === 'picture' ? (recordAt(then.history, then.seq)?.atMs ?? null) : null;
    const page = { ...look, tab, name, lastSeq: saga.seq, asOfMs, hasRail: isRail, chart };
    const groups = sagaPageGroups(context, histories, look);
    const spec = { title: name, at: '/sagas' as const, live: liveQuery(look), groups };
    return c.html(await renderPage(kit, spec, (region) => sagaPage(page, region)));
  });
  app.post('/:id/commands/:command', async (c) => {
    const id = c.req.param('id');
    const name = COMMAND_NAMES.find((command) => command === c.req.param('command'));
    if (name === undefined) throw new HttpProblem('route-unknown', 'There is no such command.');
    const form = await readForm(c.req.raw);
    const command = {
      name,
      by: authorOf(c, PAGE_AUTHOR),
      ...textMember(form, 'reason'),
      ...textMember(form, 'step'),
      ...contextOf(form),
    };
    const state = await backstep.saga(id).command(command, { expectedVersion: versionOf(form) });
    return taken(c, id, wasTaken(orderInWords(name), state));
  });
  app.post('/:id/events', async (c) => {
    const id = c.req.param('id');
    const form = await readForm(c.req.raw);
    const type = form.get('type') ?? '';
    const members = jsonMembers(form.get('members') ?? '', 'members');
    const author = { by: authorOf(c, PAGE_AUTHOR), ...textMember(form, 'reason') };
    const state = await backstep.saga(id).send({ ...members, type }, author);
    const isKept = state.early.some(({ event }) => event.type === type);
    return taken(c, id, isKept ? isWaiting(type, state) : wasTaken(type, state));
  });
  app.onError((error, c) => {
    const problem = problemOf(error);
    if (c.req.method === 'GET') throw error;
    if (problem.isOurFault) logger.error({ err: error, path: c.req.path }, 'an action failed');
    const piece = refusal(problem.body);
    const answer = isFromScript(c) ? piece : messagePage(context, 'Not done', piece);
    return c.html(answer, problem.body.status, problem.headers);
  });
  return app;
}

/** The drawing, lit as the saga stands; `null` when there is none. */
async function chartOfSaga(
  { context }: PageKit,
  histories: SagaHistories,
  layouts: ChartLayouts,
  { id, seq }: SagaLook,
): Promise<Html | null> {
  const picture = await pictureOf(context, histories, id, seq);
  if (picture.kind !== 'picture' || picture.definition === undefined) return null;
  try {
    const laid = await layouts.of(picture.definition);
    return chartSvg(laid, litIn(picture), `Statechart of ${picture.definition.id}`);
  } catch (error) {
    context.logger.error({ err: error, saga: id }, 'a chart could not be laid out');
    return null;
  }
}

function taken(c: Context, id: string, note: Html): Response | Promise<Response> {
  if (!isFromScript(c)) return c.redirect(sagaPath(id), 303);
  return c.html(
    html`<p class="note tone-good"><span class="icon" aria-hidden="true">✓</span> ${note}</p>`,
  );
}

function wasTaken(what: string, { status }: SagaState): Html {
  return html`<b>${what}</b> was taken. The status of the saga: ${wordsOf(status)}.`;
}

/** Of an event that the saga keeps, because it cannot take it now. */
function isWaiting(type: string, state: SagaState): Html {
  return isStill(state)
    ? html`<b>${type}</b> is kept until the saga is resumed: it is ${wordsOf(state.status)}.`
    : html`<b>${type}</b> came early: it is kept until the saga waits for it.`;
}

function liveQuery({ id, tab, seq }: SagaLook): string | null {
  if (seq !== null) return null; // a past turn stays as it was
  return new URLSearchParams({ view: SAGA_PAGE_VIEW, id, tab }).toString();
}

// The page calls it `view`, which at the socket names the page.
function tabOf(query: URLSearchParams): SagaTab {
  const tab = query.get('tab') ?? query.get('view');
  return tab === 'chart' ? 'chart' : 'rail';
}

function seqOf(query: URLSearchParams): number | null {
  const text = textOf(query, 'seq');
  if (text === null) return null;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw badQuery('seq', 'must be a whole number from 1');
  return Number(text);
}

type Form = ReadonlyMap<string, string>;

function textMember(form: Form, name: 'reason' | 'step'): Partial<Record<typeof name, string>> {
  const text = form.get(name)?.trim() ?? '';
  return text === '' ? {} : { [name]: text };
}

function versionOf(form: Form): number | undefined {
  const version = Number(form.get('expected_version') || NaN);
  return Number.isSafeInteger(version) ? version : undefined;
}

function contextOf(form: Form): { readonly context?: Readonly<Record<string, unknown>> } {
  const text = form.get('context');
  return text === undefined ? {} : { context: jsonMembers(text, 'context') };
}

function jsonMembers(text: string, path: string): Readonly<Record<string, unknown>> {
  if (text.trim() === '') return {};
  const refuse = (): never => {
    const message = 'must be a JSON object, such as { "by": "ada" }';
    const issues = [{ path, message, isTypeError: true }];
    throw new BackstepError('input-invalid', `${path} ${message}`, { issues });
  };
  const flaw = findJsonFlaw(text);
  if (flaw !== null) throw new HttpProblem('body-malformed', `${path} ${flaw}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse();
  }
  return isJsonObject(value) ? value : refuse();
}

function isFromScript(c: Context): boolean {
  return c.req.header('hx-request') === 'true';
}
