/**
 * What a person orders on the page of a saga: commands and events, as forms. They work without
 * script: then the answer is a redirect to the page.
 */
import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { BackstepError } from '../../../core/errors.ts';
import { isStill, type SagaState } from '../../../core/state.ts';
import { COMMAND_NAMES } from '../../../core/turn/inbound.ts';
import { isJsonObject, readForm } from '../../body.ts';
import { authorOf, type HttpContext, PAGE_AUTHOR } from '../../context.ts';
import { HttpProblem } from '../../error-response.ts';
import type { HttpEnv } from '../../http-env.ts';
import { findJsonFlaw } from '../../json-scan.ts';
import { isFromScript } from '../frame/form-answers.ts';
import type { Html } from '../frame/html.ts';
import { wordsOf } from '../frame/status-badge.ts';
import { orderInWords } from './saga-actions.ts';
import { sagaPath } from './saga-view.ts';

/** The routes, with whole paths. */
export function sagaOrders({ backstep }: Pick<HttpContext, 'backstep'>): Hono<HttpEnv> {
  const actions = new Hono<HttpEnv>();
  actions.post('/sagas/:id/commands/:command', async (c) => {
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
  actions.post('/sagas/:id/events', async (c) => {
    const id = c.req.param('id');
    const form = await readForm(c.req.raw);
    const type = form.get('type') ?? '';
    const members = jsonMembers(form.get('members') ?? '', 'members');
    const author = { by: authorOf(c, PAGE_AUTHOR), ...textMember(form, 'reason') };
    const state = await backstep.saga(id).send({ ...members, type }, author);
    const isKept = state.early.some(({ event }) => event.type === type);
    return taken(c, id, isKept ? isWaiting(type, state) : wasTaken(type, state));
  });
  return actions;
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
