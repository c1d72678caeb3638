/** State values as text a person reads. */

/**
 * `forward.processPayment.running`; active regions of a parallel state are joined with ` + `.
 *
 * @param value an XState state value
 */
export function statePath(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object') return '';
  let path = known.get(value);
  if (path === undefined) {
    path = pathOf(value);
    known.set(value, path);
  }
  return path;
}

/** Snapshots of a machine share their values. */
const known = new WeakMap<object, string>();

function pathOf(value: object): string {
  return Object.entries(value)
    .flatMap(([key, inner]) => {
      const below = statePath(inner);
      return below === '' ? [key] : below.split(' + ').map((path) => `${key}.${path}`);
    })
    .join(' + ');
}
