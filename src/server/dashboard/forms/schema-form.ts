/**
 * A form made of a schema's fields, and what it answers: each problem at its field, the rest below.
 *
 * With script the form stays as it was typed and only what is said changes; without, it comes again
 * as it was typed, but for what is hidden as a secret.
 */
import { html } from 'hono/html';
import { redactText } from '../../../core/secrets/redact.ts';
import { type Html, replacement } from '../frame/html.ts';
import { choiceText, type Field, parameterOf } from './schema-fields.ts';

/** Longest text that is typed; a body has an end too. */
const MAX_TEXT_LENGTH = 10_000;

export interface SchemaForm {
  /** Letters, digits and hyphens; unique on the page. */
  readonly id: string;
  readonly action: string;
  readonly fields: readonly Field[];
  /** What the whole value is called where JSON is asked for. */
  readonly whole: string;
  readonly button: string;
  /** Texts beside the value of the schema. */
  readonly texts: readonly FormText[];
}

/** A text that may be left out, of which nothing can be wrong. */
export interface FormText {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly maxLength: number;
}

/** What a form says of what was typed. */
export interface Said {
  /** By the name of a field. */
  readonly problems: ReadonlyMap<string, string>;
  readonly note: Html | string;
}

const NOTHING_SAID: Said = { problems: new Map(), note: '' };

/** The form; `typed`: what stands in it instead of its presets, by parameter. */
export function schemaForm(
  form: SchemaForm,
  typed: ReadonlyMap<string, string> | null = null,
  said = NOTHING_SAID,
): Html {
  const { id, action, fields, texts, button } = form;
  return html`<form
    class="schema-form"
    method="post"
    action="${action}"
    hx-post="${action}"
    hx-target="#${id}-said"
    id="${id}"
  >
    ${fields.map((field, index) => {
      const text = typed === null ? field.preset : redactText(typed.get(parameterOf(field)) ?? '');
      return html`<div class="field">
        <label
          >${labelOf(form, field)}
          ${field.hint === '' ? '' : html`<span class="quiet">${field.hint}</span>`}
          ${control(field, text, `${id}-problem-${index}`)}</label
        >
        ${problemView(form, index, said)}
      </div>`;
    })}
    ${texts.map(
      ({ name, label, hint, maxLength }) =>
        html`<div class="field">
          <label
            ><span>${label} (may be left out)</span> <span class="quiet">${hint}</span>
            <input
              name="${name}"
              value="${redactText(typed?.get(name) ?? '')}"
              maxlength="${maxLength}"
              autocomplete="off"
          /></label>
        </div>`,
    )}
    <button class="primary" type="submit">${button}</button>
    <div id="${id}-said" role="status">${said.note}</div>
  </form>`;
}

/** What the script puts into the page where the form stands: the note, and each field's problem. */
export function saidInPlace(form: SchemaForm, said: Said): Html {
  const problems = form.fields.map((_, index) =>
    replacement(`${form.id}-problem-${index}`, problemView(form, index, said)),
  );
  return html`${said.note}${problems}`;
}

function labelOf({ whole }: SchemaForm, { name, isRequired }: Field): Html {
  const label = name === '' ? `${whole}, as JSON` : name;
  return html`<span>${label}${isRequired || name === '' ? '' : ' (may be left out)'}</span>`;
}

function problemView({ id, fields }: SchemaForm, index: number, { problems }: Said): Html {
  const problem = problems.get(fields[index]?.name ?? '');
  return html`<p id="${id}-problem-${index}" class="error" role="alert">${problem ?? ''}</p>`;
}

function control(field: Field, text: string, problemId: string): Html {
  const { kind, isRequired, least, most, isWhole, choices } = field;
  const shared = html`name="${parameterOf(field)}" aria-describedby="${problemId}"`;
  switch (kind) {
    case 'text':
    case 'email':
      return html`<input
        ${shared}
        type="${kind}"
        value="${text}"
        ${isRequired && (least ?? 0) > 0 ? 'required' : ''}
        maxlength="${Math.min(most ?? MAX_TEXT_LENGTH, MAX_TEXT_LENGTH)}"
        autocomplete="off"
      />`;
    case 'number':
      return html`<input
        ${shared}
        type="number"
        value="${text}"
        ${isRequired ? 'required' : ''}
        step="${isWhole ? '1' : 'any'}"
        ${least === null ? '' : html`min="${least}"`}
        ${most === null ? '' : html`max="${most}"`}
      />`;
    case 'yes-no':
    case 'choice':
      return html`<select ${shared}>
        ${isRequired ? '' : html`<option value=""></option>`}
        ${choices.map((choice) => {
          const value = choiceText(choice);
          const words = choice === true ? 'yes' : choice === false ? 'no' : value;
          return html`<option value="${value}" ${value === text ? 'selected' : ''}>
            ${words}
          </option>`;
        })}
      </select>`;
    case 'json':
      return html`<textarea ${shared} rows="3" spellcheck="false">${text}</textarea>`;
  }
}
