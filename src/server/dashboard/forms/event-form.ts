/**
 * The form of an event that a saga takes, made of the schema of what it carries.
 */
import type { StandardSchema } from '../../../core/standard-schema.ts';
import { fieldsOf } from './schema-fields.ts';
import type { FormText, SchemaForm } from './schema-form.ts';

/** Why it is sent, for the audit. */
const REASON: FormText = {
  name: 'reason',
  label: 'Reason',
  hint: 'For the audit.',
  maxLength: 500,
};

/** The form; `schema` null: the event may carry any JSON. */
export function eventForm(sagaId: string, type: string, schema: StandardSchema | null): SchemaForm {
  return {
    id: `event-${sagaId}-${slugOf(type)}`,
    action: `/sagas/${encodeURIComponent(sagaId)}/events/${encodeURIComponent(type)}`,
    fields: fieldsOf(schema, ''),
    whole: 'What it carries',
    button: `Send ${type}`,
    texts: [REASON],
  };
}

/** The type of an event as a part of an element id. */
export function slugOf(type: string): string {
  return type.replaceAll(/[^\w-]/g, (letter) => `-${letter.charCodeAt(0).toString(16)}`);
}
