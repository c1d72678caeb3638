/**
 * What every stored state must have, so that text of another form is told from text that is sound.
 *
 * Pure. Invariant: what this finds nothing missing in has every member that a turn reaches for
 * without asking.
 */

/** A test of one member; its name is told when it fails. */
type Members = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isInteger(value);
const isTime = (value: unknown): boolean => typeof value === 'number';

const STATE: Members = {
  seq: isCount,
  status: isText,
  live: isRecord,
  steps: Array.isArray,
  seenEvents: Array.isArray,
  machine: isRecord,
};
const LIVE: Members = { activities: isRecord, timers: isRecord };
const MACHINE: Members = {
  status: isText,
  value: (value) => isText(value) || isRecord(value),
  context: isRecord,
};
const ACTIVITY: Members = {
  token: isCount,
  src: isText,
  step: isText,
  direction: isText,
  occurrence: isCount,
  attempt: isCount,
  dispatches: isCount,
};
const TIMER: Members = { token: isCount, event: isRecord };
const STEP: Members = {
  name: isText,
  kind: isText,
  occurrence: isCount,
  status: isText,
  attempts: isCount,
  startedAtMs: isTime,
};
const COMPENSATION: Members = { name: isText, status: isText, attempts: isCount };

/** The place of the first part that is missing or of another kind; `null`: nothing is. */
export function missingPart(stored: unknown): string | null {
  const state = lackIn(stored, STATE, '');
  if (state !== null) return state;
  const { live, machine, steps } = stored as Record<string, Record<string, unknown>>;
  return (
    lackIn(live, LIVE, 'live') ??
    lackIn(machine, MACHINE, 'machine') ??
    lackInEach(live?.['activities'], ACTIVITY, 'live.activities') ??
    lackInEach(live?.['timers'], TIMER, 'live.timers') ??
    lackInEach(steps, STEP, 'steps') ??
    lackInEach(compensationsOf(steps), COMPENSATION, 'compensation')
  );
}

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function lackInEach(entries: unknown, members: Members, place: string): string | null {
  if (typeof entries !== 'object' || entries === null) return null;
  for (const [name, entry] of Object.entries(entries) as readonly [string, unknown][]) {
    const lack = lackIn(entry, members, `${place}.${name}`);
    if (lack !== null) return lack;
  }
  return null;
}

/** Members that are missing: the name of the first, with the place before it. */
export function lackIn(value: unknown, members: Members, place: string): string | null {
  if (!isRecord(value)) return place === '' ? 'everything' : place;
  for (const [name, isSound] of Object.entries(members)) {
    if (!isSound(value[name])) return place === '' ? name : `${place}.${name}`;
  }
  return null;
}

function compensationsOf(steps: unknown): readonly unknown[] {
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((step: unknown) =>
    isRecord(step) && step['compensation'] !== undefined ? [step['compensation']] : [],
  );
}
