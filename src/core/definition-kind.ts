/** Telling a saga definition from what is passed in its place. */
import type { Kind } from './options-reader.ts';
import { shown } from './shown.ts';

const TAKES = 'what .build() or durable(...) gives';

/** What `register`, `child` and the command line take for a saga. */
export const SAGA: Kind = {
  takes: TAKES,
  faultOf: (value) => {
    if (isDefinition(value)) return null;
    const isDraft = isObject(value) && typeof value['build'] === 'function';
    if (isDraft) return { path: '', what: 'is a draft that is not built yet; call .build()' };
    const isMachine = isObject(value) && 'root' in value && 'implementations' in value;
    if (isMachine) return { path: '', what: 'is a bare machine; make it durable(machine)' };
    return { path: '', what: `is ${shown(value)}; give ${TAKES}` };
  },
};

/** True for what `.build()` and `durable` give. */
export function isDefinition(value: unknown): boolean {
  return isObject(value) && 'machine' in value && value['invokes'] instanceof Map;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}
