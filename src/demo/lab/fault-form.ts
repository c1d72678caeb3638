/**
 * What the forms of the fault lab say, read into settings. The registry checks the faults
 * themselves.
 */
import { BackstepError } from '../../core/errors.ts';
import type { FaultControls } from './fault-controls.ts';
import { type LoadRequest, MAX_CONCURRENCY, MAX_LOAD } from './load-generator.ts';

type Form = ReadonlyMap<string, string>;

/** Sets or clears the faults of every activity as the form says. Throws `input-invalid`. */
export function applyFaultForm(
  faults: FaultControls,
  activities: readonly string[],
  form: Form,
): void {
  const seed = form.get('seed') ?? '';
  for (const activity of activities) {
    const member = (name: string): number => Number(form.get(`${activity}.${name}`) || '0');
    const settings = {
      failNext: member('next'),
      failureRate: member('rate') / 100,
      latencyMs: member('latency'),
    };
    const isQuiet = Object.values(settings).every((value) => value === 0);
    if (isQuiet) faults.clear(activity);
    else faults.set(activity, { ...settings, mode: form.get(`${activity}.mode`) ?? 'error' });
  }
  if (seed !== '') faults.reseed(Number(seed));
}

/** The load that a form asks for. Throws `input-invalid` naming the field. */
export function loadIn(form: Form): LoadRequest {
  return {
    total: wholeIn(form, 'total', MAX_LOAD),
    concurrency: wholeIn(form, 'concurrency', MAX_CONCURRENCY),
  };
}

function wholeIn(form: Form, path: string, most: number): number {
  const number = Number(form.get(path) ?? NaN);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  const message = `must be a whole number from 1 to ${most}`;
  throw new BackstepError('input-invalid', `${path} ${message}`, {
    issues: [{ path, message, isTypeError: false }],
  });
}
