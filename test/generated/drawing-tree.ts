/**
 * The config of a machine as a tree to be changed in one place: its states, and every transition
 * that is written in them, whatever way it is written.
 */

/** A part of a config: plain objects, lists and names, with a function here and there. */
export type Part = Record<string, unknown>;

/** A state and where it stands; the root has an empty path. */
export interface Place {
  readonly path: readonly string[];
  readonly state: Part;
}

/** A transition, and what it stands in. */
export interface Transition {
  readonly place: Place;
  /** What leads to it: `on go`, `after x.timeout`, `always`, `onDone`, `invoke onError`. */
  readonly slot: string;
  /** The list it is one of; a change of the list changes the config. */
  readonly list: Part[];
  readonly edge: Part;
}

/** A copy that may be changed; what is no plain object is shared. */
export function copyOf<T>(part: T): T {
  if (Array.isArray(part)) return part.map((each: unknown) => copyOf(each)) as T;
  if (!isPlain(part)) return part;
  const members = Object.entries(part).map(([name, each]) => [name, copyOf(each)]);
  return Object.fromEntries(members) as T;
}

/** Every state, the root first. */
export function placesIn(state: Part, path: readonly string[] = []): readonly Place[] {
  const inner = Object.entries(statesOf(state));
  return [{ path, state }, ...inner.flatMap(([name, each]) => placesIn(each, [...path, name]))];
}

/** The states directly inside. */
export function statesOf(state: Part): Record<string, Part> {
  return (state['states'] ?? {}) as Record<string, Part>;
}

/**
 * Every transition. Each slot is brought into the form of a list first, so that there is one way to
 * change it.
 */
export function transitionsIn(config: Part): readonly Transition[] {
  return placesIn(config).flatMap((place) => {
    const { state } = place;
    const invoke = isPlain(state['invoke']) ? state['invoke'] : {};
    return [
      ...inMap(place, 'on', state['on']),
      ...inMap(place, 'after', state['after']),
      ...inSlot(place, 'always', state, 'always'),
      ...inSlot(place, 'onDone', state, 'onDone'),
      ...inSlot(place, 'invoke onDone', invoke, 'onDone'),
      ...inSlot(place, 'invoke onError', invoke, 'onError'),
    ];
  });
}

/** Takes a transition out, and its slot where nothing is left in it. */
export function remove({ place, slot, list, edge }: Transition): void {
  list.splice(list.indexOf(edge), 1);
  if (list.length > 0) return;
  const [kind = '', ...rest] = slot.split(' ');
  const holder = kind === 'on' || kind === 'after' || kind === 'invoke' ? place.state[kind] : null;
  const name = holder === null ? kind : rest.join(' ');
  delete ((holder ?? place.state) as Part)[name];
}

/** A guard or action as an object. */
export function named(part: unknown): { type: string; params: Part } | null {
  if (typeof part === 'string') return { type: part, params: {} };
  if (!isPlain(part) || typeof part['type'] !== 'string') return null;
  return { type: part['type'], params: (part['params'] ?? {}) as Part };
}

/** A list of what may be one, several or none. */
export function listOf(part: unknown): unknown[] {
  if (part === undefined) return [];
  return Array.isArray(part) ? part : [part];
}

export function isPlain(part: unknown): part is Part {
  return (
    part !== null && typeof part === 'object' && Object.getPrototypeOf(part) === Object.prototype
  );
}

function inMap(place: Place, kind: string, map: unknown): Transition[] {
  if (!isPlain(map)) return [];
  return Object.keys(map).flatMap((name) => inSlot(place, `${kind} ${name}`, map, name));
}

function inSlot(place: Place, slot: string, holder: Part, name: string): Transition[] {
  const written = holder[name];
  if (written === undefined) return [];
  const isRead = Array.isArray(written) && written.every(isPlain);
  const list = isRead ? written : listOf(written).map(asObject);
  holder[name] = list;
  return list.map((edge) => ({ place, slot, list, edge }));
}

function asObject(way: unknown): Part {
  return typeof way === 'string' ? { target: way } : (way as Part);
}
