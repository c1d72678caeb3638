/** What the builder's methods take, for callers that the types do not reach. */
import { CONTRACT, EXAMPLES, SAGA } from './definition-kinds.ts';
import { isAsync } from '../machine/machine-nodes.ts';
import {
  ANYTHING,
  FLAG,
  FUNCTION,
  type Kind,
  kindOf,
  mapOf,
  oneOf,
  optionsOf,
  required,
  SCHEMA,
  TEXT,
  TIME,
  whole,
} from '../options-reader.ts';
import { RETRY } from '../retry-policy.ts';
import { STEP_KINDS } from '../status.ts';

const MAPPER = answeringAtOnce('a function of what the saga knows so far');
const CONDITION = answeringAtOnce('a function that answers true or false');
const PART = kindOf(
  'a function that adds steps, such as (part) => part.step(...)',
  (value) => typeof value === 'function',
);
const WAY = oneOf(['continue', 'compensate']);

const ATTEMPT = {
  timeout: TIME,
  heartbeat: TIME,
  retry: RETRY,
  isPermanent: FUNCTION,
};

const COMPENSATION = optionsOf({ activity: required(TEXT), input: required(MAPPER), ...ATTEMPT });

export const SAGA_OPTIONS = optionsOf({
  id: required(TEXT),
  version: whole(1),
  input: required(SCHEMA),
  activities: CONTRACT,
  // Looked at with the events that the saga knows.
  events: mapOf(ANYTHING, 'schemas by event type'),
  deadline: TIME,
  examples: EXAMPLES,
});

export const STEP_OPTIONS = optionsOf({
  kind: oneOf(STEP_KINDS),
  activity: TEXT,
  input: required(MAPPER),
  when: CONDITION,
  compensate: COMPENSATION,
  probe: COMPENSATION,
  repeatable: FLAG,
  ...ATTEMPT,
});

export const CHILD_OPTIONS = optionsOf({
  saga: required(SAGA),
  input: required(MAPPER),
  when: CONDITION,
  within: TIME,
  compensate: required(COMPENSATION),
});

export const WAIT_OPTIONS = optionsOf({
  on: required(mapOf(WAY, 'event types, each with continue or compensate')),
  within: required(TIME),
  onExpired: WAY,
  shared: FLAG,
  remind: optionsOf({ every: required(TIME), emit: required(MAPPER) }),
});

export const BRANCHES = mapOf(PART, 'branches, each a function that adds steps');

export const CHOICES = mapOf(
  optionsOf({ when: required(CONDITION), steps: required(PART) }),
  'options, each with when and steps',
);

export const LOOP_OPTIONS = optionsOf({
  while: required(CONDITION),
  atMost: required(kindOf('a whole number', (value) => typeof value === 'number')),
  steps: required(PART),
});

/** The name of a block; `check.ts` says which names can be used. */
export const BLOCK_NAME: Kind = TEXT;
/** What the saga's own event or output is made with. */
export const SAGA_MAPPER: Kind = MAPPER;

// A function that is not async and returns a promise is refused when it is called.
function answeringAtOnce(takes: string): Kind {
  const kind = kindOf(takes, (value) => typeof value === 'function');
  return {
    takes,
    faultOf: (value) => {
      if (!isAsync(value)) return kind.faultOf(value);
      return { path: '', what: `is async, but a turn cannot wait; give ${takes}, at once` };
    },
  };
}
