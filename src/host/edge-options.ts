/** What the engine takes from the program around it, for callers that the types do not reach. */
import { isSchemaName } from '../core/database-target.ts';
import { SAGA } from '../core/define/definition-kinds.ts';
import { COMMAND_NAMES } from '../core/turn/inbound.ts';
import {
  ANYTHING,
  DURATION,
  either,
  FLAG,
  FUNCTION,
  type Kind,
  kindOf,
  mapOf,
  NAME,
  oneOf,
  optionsOf,
  required,
  TEXT,
  TIME,
  whole,
} from '../core/options-reader.ts';
import { shown } from '../core/shown.ts';
import { readTraceparent } from '../core/traceparent.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';

/** What may be none at all; everything else is at least one. */
const MAY_BE_ZERO: readonly (keyof Limits)[] = ['idleSagas', 'restarts'];

const LIMITS = optionsOf(
  Object.fromEntries(
    Object.keys(DEFAULT_LIMITS).map((name) => [
      name,
      whole(MAY_BE_ZERO.some((each) => each === name) ? 0 : 1, Infinity),
    ]),
  ),
);

const LOGGER = withMethods('a pino logger or the like', [
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'isLevelEnabled',
]);

const DATABASE_URL = kindOf('a text such as "postgres://host/name"', isText);
const DATABASE_URLS = optionsOf({ url: required(DATABASE_URL), direct: DATABASE_URL });

/** Text is read, and shown without what may be secret, by `readDatabase`. */
const DATABASE: Kind = {
  takes: 'the path of a file, or a postgres: URL',
  faultOf: (value) => {
    if (isText(value) && value !== '') return null;
    if (typeof value === 'object' && value !== null) return DATABASE_URLS.faultOf(value);
    return { path: '', what: `is ${shown(value)}; give ${DATABASE.takes}` };
  },
};

const SCHEMA_NAME = kindOf(
  'at most 59 letters, digits and _, not a digit first, such as "backstep"',
  (value) => isText(value) && isSchemaName(value),
);

const LABEL = kindOf(
  'a text of 1 to 255 visible characters',
  (value) => isText(value) && /^[^\p{C}]{1,255}$/u.test(value),
);

/** The options of `openBackstep`. */
export const OPEN_OPTIONS = optionsOf({
  database: required(DATABASE),
  schema: SCHEMA_NAME,
  label: LABEL,
  takeOver: optionsOf({
    beatEvery: DURATION,
    lookEvery: DURATION,
    deadAfter: DURATION,
    hungAfter: DURATION,
  }),
  clock: withMethods('a clock', ['nowMs', 'after']),
  randomId: FUNCTION,
  limits: LIMITS,
  logger: LOGGER,
  hides: FUNCTION,
  onFatal: FUNCTION,
  keepEndedFor: DURATION,
  alerts: ANYTHING,
  verifyAtRegistration: oneOf(['warn', 'refuse', 'off']),
  tracing: FLAG,
  migrationsFolder: TEXT,
  tablePrefix: TEXT,
  lockWaitMs: whole(0, Infinity),
  readTimeLimitMs: whole(1, Infinity),
  maxPages: whole(1),
  firstRetryDelayMs: whole(0),
  maxRetryDelayMs: whole(0),
});

const ACTIVITY = either(
  FUNCTION,
  optionsOf({ kind: required(oneOf(['transactional'])), plan: required(FUNCTION) }),
);

// The start queue refuses numbers that it cannot use.
const COUNT = kindOf('a whole number', (value) => typeof value === 'number');

/** The second argument of `register`. */
export const BINDINGS = optionsOf({
  activities: mapOf(ACTIVITY, 'functions by activity name'),
  subscribers: mapOf(FUNCTION, 'functions by event type'),
  concurrency: either(COUNT, optionsOf({ limit: required(COUNT), maxQueued: COUNT })),
  migrate: mapOf(FUNCTION, 'functions by earlier version'),
  events: mapOf(ANYTHING, 'schemas by event type'),
});

/** The first argument of `register`. */
export const REGISTERED: Kind = SAGA;

export const SAGA_TYPE = kindOf('the name of a registered saga', isText);
export const SAGA_ID = kindOf('the id of a saga, as spawn gives it', isText);

/** A text that comes back from the store as it went in. */
const PROSE = kindOf(
  'a text of whole characters',
  (value) => isText(value) && value.isWellFormed(),
);

export const SPAWN_OPTIONS = optionsOf({
  input: ANYTHING,
  key: NAME,
  startAt: kindOf(
    'a Date or milliseconds since 1970',
    (value) => typeof value === 'number' || value instanceof Date,
  ),
  delay: TIME,
  traceparent: kindOf(
    'a W3C traceparent such as "00-<32 hexadecimal digits>-<16>-01"',
    (value) => isText(value) && readTraceparent(value) !== null,
  ),
});

/** An event from outside; what it carries is the saga's to judge. */
export const EVENT: Kind = {
  takes: 'an event such as { type: "approve" }',
  faultOf: (value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      const type = typeof value === 'string' && value !== '' ? shown(value) : '"approve"';
      return { path: '', what: `is ${shown(value)}; give an event such as { type: ${type} }` };
    }
    const type: unknown = Reflect.get(value, 'type');
    if (type === undefined) {
      return { path: 'type', what: 'is missing; give an event such as { type: "approve" }' };
    }
    const fault = NAME.faultOf(type);
    return fault === null ? null : { ...fault, path: 'type' };
  },
};

/** The options of `send`. */
export const SEND_OPTIONS = optionsOf({ eventId: NAME, by: PROSE, reason: PROSE });

const COMMAND_MEMBERS = optionsOf({
  name: required(oneOf(COMMAND_NAMES)),
  by: PROSE,
  reason: PROSE,
  step: PROSE,
  context: mapOf(ANYTHING, 'members of the context'),
});

export const COMMAND: Kind = {
  takes: 'a command such as { name: "cancel" }',
  faultOf: (value) => {
    if (!isText(value)) return COMMAND_MEMBERS.faultOf(value);
    return { path: '', what: `is ${shown(value)}; give a command such as { name: "cancel" }` };
  },
};

/** The options of `command`. */
export const COMMAND_OPTIONS = optionsOf({ expectedVersion: whole(0) });

/** The options of everything that waits. */
export const WAIT_OPTIONS = optionsOf({ within: DURATION });

function withMethods(what: string, names: readonly string[]): Kind {
  return {
    takes: what,
    faultOf: (value) => {
      if (value === null || typeof value !== 'object') {
        return { path: '', what: `is ${shown(value)}; give ${what}` };
      }
      const missing = names.filter((name) => typeof Reflect.get(value, name) !== 'function');
      if (missing.length === 0) return null;
      return { path: '', what: `has no function ${missing.join(', ')}; give ${what}` };
    },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
