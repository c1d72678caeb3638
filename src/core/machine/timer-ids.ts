/**
 * How the timers of a saga are called. That of an `after` bears the type of its event, as XState
 * names it; that of a delayed event without an id is named after the event and the turn.
 *
 * The only place that puts such a name together or takes it apart. Pure.
 */

const AFTER = 'xstate.after.';

/** The name of a delay as XState has it in the type of its event: of a number its shortest form. */
export function delayName(written: string): string {
  return Number.isNaN(Number(written)) ? written : String(Number(written));
}

/** The timer of an `after` of a state, and the type of its event. */
export function afterId(delay: string, stateId: string): string {
  return `${AFTER}${delayName(delay)}.${stateId}`;
}

/** True for the timer of an `after`, and for its event; `delay`: of that one, in any state. */
export function isAfter(id: string, delay?: string): boolean {
  return id.startsWith(delay === undefined ? AFTER : afterId(delay, ''));
}

/** The delay of an `after` of that state; `null` where the name is of anything else. */
export function delayOfAfter(id: string, stateId: string): string | null {
  const end = `.${stateId}`;
  return isAfter(id) && id.endsWith(end) ? id.slice(AFTER.length, -end.length) : null;
}

/**
 * The parts of the delay of an `after` that is called `<name>.<limit>`, as `defineSaga` calls that
 * of a step or wait; `null` where the delay has one part only, or the name is of anything else.
 */
export function limitOfAfter(id: string): { readonly name: string; readonly limit: string } | null {
  if (!isAfter(id)) return null;
  const [name = '', limit = '', ...state] = id.slice(AFTER.length).split('.');
  return state.length === 0 ? null : { name, limit };
}

/** A timer that nobody named: `<event type>#<token>`, numbered within the turn. */
export function unnamedTimerId(type: string, token: number, taken: object): string {
  let id = `${type}#${token}`;
  for (let count = 2; Object.hasOwn(taken, id); count++) id = `${type}/${count}#${token}`;
  return id;
}

/** The name of a timer without the turn that made it. */
export function timerName(id: string): string {
  return id.replace(/#\d+$/, '');
}
