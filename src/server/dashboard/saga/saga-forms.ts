/**
 * What the forms of the page of a saga send: commands and events. They work without
 * script: then the answer is a redirect to the page.
 */
import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { BackstepError } from '../../../core/errors.ts';
import { redactText } from '../../../core/secrets/redact.ts';
import { isStill, type SagaState } from '../../../core/state.ts';
import { COMMAND_NAMES } from '../../../core/turn/inbound.ts';
import { isJsonObject, type JsonObject, readForm } from '../../body.ts';
import { authorOf, type HttpContext, PAGE_AUTHOR } from '../../context.ts';
import { HttpProblem } from '../../error-response.ts';
import type { HttpEnv } from '../../http-env.ts';
import { findJsonFlaw } from '../../json-scan.ts';
import { definitionOf, sagaOf } from '../../saga-lookup.ts';
import { eventForm } from '../forms/event-form.ts';
import { type Done, takeForm } from '../forms/form-outcome.ts';
import { isFromScript } from '../frame/form-answers.ts';
import type { Html } from '../frame/html.ts';
import { wordsOf } from '../frame/status-badge.ts';
import { commandInWords } from './saga-actions.ts';
import { sagaPath } from './saga-view.ts';

/** The routes, with whole paths. */
export function sagaForms({ backstep }: Pick<HttpContext, 'backstep'>): Hono<HttpEnv> {
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
    return taken(c, id, wasTaken(commandInWords(name), state));
  });
  actions.post('/sagas/:id/events/:type', async (c) => {
    const { id, type } = c.req.param();
    const typed = await readForm(c.req.raw);
    const send = async (members: unknown): Promise<Done> => {
      const author = { by: authorOf(c, PAGE_AUTHOR), ...textMember(typed, 'reason') };
      const state = await backstep.saga(id).send({ ...eventOf(members), type }, author);
      const isKept = state.early.some(({ event }) => event.type === type);
      const words = isKept ? isWaiting(type, state) : wasTaken(type, state);
      return { note: doneNote(words), next: sagaPath(id) };
    };
    // A form would repeat the type, and this one is a secret: no page of ours has such a form.
    if (redactText(type) !== type) return taken(c, id, (await send(null)).note);
    const saga = await sagaOf(backstep, id);
    const events = definitionOf(backstep, saga.type, saga.version)?.events;
    return takeForm(c, eventForm(id, type, events?.get(type) ?? null), typed, send);
  });
  return actions;
}

function taken(c: Context, id: string, note: Html): Response | Promise<Response> {
  if (!isFromScript(c)) return c.redirect(sagaPath(id), 303);
  return c.html(doneNote(note));
}

function doneNote(words: Html): Html {
  return html`<p class="note tone-good">
    <span class="icon" aria-hidden="true">✓</span> ${words}
  </p>`;
}

/** What an event carries, where any JSON was asked for. */
function eventOf(members: unknown): JsonObject {
  if (members === null) return {};
  return isJsonObject(members) ? members : notMembers('input');
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

function contextOf(form: Form): { readonly context?: JsonObject } {
  const text = form.get('context');
  return text === undefined ? {} : { context: jsonMembers(text, 'context') };
}

function jsonMembers(text: string, path: string): JsonObject {
  if (text.trim() === '') return {};
  const flaw = findJsonFlaw(text);
  if (flaw !== null) throw new HttpProblem('body-malformed', `${path} ${flaw}.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return notMembers(path);
  }
  return isJsonObject(value) ? value : notMembers(path);
}

function notMembers(path: string): never {
  const message = 'must be a JSON object, such as { "by": "ada" }';
  const issues = [{ path, message, isTypeError: true }];
  throw new BackstepError('input-invalid', `${path} ${message}`, { issues });
}
