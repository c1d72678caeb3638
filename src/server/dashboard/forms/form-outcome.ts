/**
 * Takes a form of a schema: reads what was typed, does what it is for, and says what came of it.
 */
import type { Context } from 'hono';
import { html } from 'hono/html';
import { BackstepError } from '../../../core/errors.ts';
import { problemOf } from '../../error-response.ts';
import type { HttpEnv } from '../../http-env.ts';
import { isFromScript, RefusedForm } from '../frame/form-answers.ts';
import type { Html } from '../frame/html.ts';
import { refusal } from '../frame/refusal.ts';
import { fieldAt, typedIn } from './schema-fields.ts';
import { type Said, saidInPlace, type SchemaForm, schemaForm } from './schema-form.ts';

/** What came of it, and where a person without script goes to see it. */
export interface Done {
  readonly note: Html;
  readonly next: string;
}

/** Answers a form. Throws `RefusedForm` for a value that is not taken, and what `act` else throws. */
export async function takeForm(
  c: Context<HttpEnv>,
  form: SchemaForm,
  typed: ReadonlyMap<string, string>,
  act: (value: unknown) => Promise<Done>,
): Promise<Response> {
  const { value, problems } = typedIn(form.fields, typed);
  if (problems.size > 0) throw refused(form, typed, { problems, note: SEVERAL });
  let done: Done;
  try {
    done = await act(value);
  } catch (error) {
    if (!(error instanceof BackstepError) || error.issues.length === 0) throw error;
    throw refused(form, typed, saidOf(form, error), error);
  }
  if (!isFromScript(c)) return c.redirect(done.next, 303);
  return c.html(saidInPlace(form, { problems: new Map(), note: done.note }));
}

const SEVERAL = html`<p class="note tone-bad">
  <span class="icon" aria-hidden="true">✗</span> Not taken: see what stands at the fields.
</p>`;

/** The problems of a value at their fields; what is of no field is told below. */
function saidOf({ fields }: SchemaForm, error: BackstepError): Said {
  const { body } = problemOf(error);
  const problems = new Map<string, string>();
  let isAllPlaced = true;
  for (const { path, message } of body.issues ?? []) {
    const field = fieldAt(fields, path);
    if (field === undefined) {
      isAllPlaced = false;
      continue;
    }
    const inside = path === field.name ? message : `${path}: ${message}`;
    const before = problems.get(field.name);
    problems.set(field.name, before === undefined ? inside : `${before}; ${inside}`);
  }
  return { problems, note: isAllPlaced ? SEVERAL : refusal(body) };
}

function refused(
  form: SchemaForm,
  typed: ReadonlyMap<string, string>,
  said: Said,
  cause: BackstepError = new BackstepError('input-invalid', 'what was typed is not taken'),
): RefusedForm {
  const whole = schemaForm(form, typed, said);
  return new RefusedForm(cause, { inPlace: saidInPlace(form, said), whole });
}
