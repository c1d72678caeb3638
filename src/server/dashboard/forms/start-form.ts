/**
 * Starts a saga from the page of its definition: a form made of the schema of its input.
 */
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { SagaDefinition } from '../../../core/define/definition.ts';
import { readForm } from '../../body.ts';
import type { HttpContext } from '../../context.ts';
import type { HttpEnv } from '../../http-env.ts';
import { requireDefinition } from '../../saga-lookup.ts';
import { type Html, sagaLink } from '../frame/html.ts';
import { sagaPath } from '../saga/saga-view.ts';
import { takeForm } from './form-outcome.ts';
import { fieldsOf } from './schema-fields.ts';
import { type FormText, type SchemaForm, schemaForm } from './schema-form.ts';

const KEY: FormText = {
  name: 'key',
  label: 'Start key',
  hint: 'The same key and input is the same saga.',
  maxLength: 200,
};

/** The form. New sagas are of the newest version, whose definition this must be. */
export function startForm(definition: SagaDefinition): Html {
  return schemaForm(formOf(definition));
}

/** The route, with its whole path. */
export function startRoutes({ backstep }: Pick<HttpContext, 'backstep'>): Hono<HttpEnv> {
  return new Hono<HttpEnv>().post('/definitions/:type/start', async (c) => {
    const type = c.req.param('type');
    const form = formOf(requireDefinition(backstep, type));
    const typed = await readForm(c.req.raw);
    const key = typed.get(KEY.name)?.trim() ?? '';
    return takeForm(c, form, typed, async (input) => {
      const { id, isNew } = await backstep.spawn(type, { input, ...(key === '' ? {} : { key }) });
      const words = isNew ? 'It is started' : 'The same key started it before';
      const note = html`<p class="note tone-good">
        <span class="icon" aria-hidden="true">✓</span> ${words}: ${sagaLink(id, key || id)}.
      </p>`;
      return { note, next: sagaPath(id) };
    });
  });
}

function formOf({ id, input }: SagaDefinition): SchemaForm {
  return {
    id: 'start-form',
    action: `/definitions/${encodeURIComponent(id)}/start`,
    fields: fieldsOf(input),
    whole: 'The input',
    button: `Start ${id}`,
    texts: [KEY],
  };
}
