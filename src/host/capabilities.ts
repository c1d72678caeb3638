/**
 * What each host can promise, and what it cannot: one table, for programs, pages and the guide.
 *
 * Whatever a host says `none` of is refused where it would be silently wrong.
 */

/** What runs the sagas, and where they are kept. */
export type HostName = 'embedded-sqlite' | 'embedded-postgres' | 'restate';

/** What a saga or its program may count on. */
export type CapabilityName =
  | 'atomicTurns'
  | 'transactionalActivities'
  | 'inProcessListeners'
  | 'timers'
  | 'startKeys'
  | 'freshLists'
  | 'attemptTimeouts'
  | 'attemptAborts'
  | 'lateAnswers'
  | 'ordersMeanwhile'
  | 'poisonTurns'
  | 'missingVersions'
  | 'bounds'
  | 'liveFigures'
  | 'inbox'
  | 'moves'
  | 'standby'
  | 'manyMachines';

/** Whether something is promised, and how far. */
export interface Capability {
  readonly standing: 'full' | 'limited' | 'none';
  /** In one sentence, for people. */
  readonly how: string;
}

/** What a host can and cannot promise; see `Backstep.capabilities`. */
export interface Capabilities {
  readonly host: HostName;
  readonly promises: Readonly<Record<CapabilityName, Capability>>;
}

/** What each capability is about, in words; the order of tables. */
export const CAPABILITY_WORDS: Readonly<Record<CapabilityName, string>> = {
  atomicTurns: 'A turn is all or nothing',
  transactionalActivities: 'Exactly once, in your database',
  inProcessListeners: 'Callbacks and observables of a machine',
  timers: 'Timers',
  startKeys: 'Start keys',
  freshLists: 'Lists and pages',
  attemptTimeouts: 'Time-out of an attempt',
  attemptAborts: 'An attempt that is stopped',
  lateAnswers: 'An answer after the time-out',
  ordersMeanwhile: 'Orders while an attempt runs',
  poisonTurns: 'A turn that kills the process',
  missingVersions: 'A version that is not registered',
  bounds: 'Bounds and start queue',
  liveFigures: 'Live figures',
  inbox: 'Inbox',
  moves: 'Moves of sagas in flight',
  standby: 'Standby',
  manyMachines: 'Many machines at once',
};

const full = (how: string): Capability => ({ standing: 'full', how });
const limited = (how: string): Capability => ({ standing: 'limited', how });
const none = (how: string): Capability => ({ standing: 'none', how });

const EMBEDDED = {
  atomicTurns: full('One transaction; nobody sees a turn before it is committed.'),
  transactionalActivities: full('Statements of a transactional activity commit with its turn.'),
  inProcessListeners: full('They live as long as their state, and begin again after a restart.'),
  timers: full('One clock; late by milliseconds while the process runs.'),
  startKeys: full('For ever.'),
  freshLists: full('They show every turn that is committed.'),
  attemptTimeouts: full('They run in the engine.'),
  attemptAborts: full('Its signal fires at once.'),
  lateAnswers: full('It is kept, and shown to the compensation, as long as the process runs.'),
  ordersMeanwhile: full('Events, orders and timers of its saga are taken at once.'),
  poisonTurns: full('Its actor is restarted a few times, then the saga is parked.'),
  missingVersions: full('The saga is parked, and goes on once the version is registered.'),
  bounds: full('Exact; what is beyond is refused before it is accepted.'),
  liveFigures: full('Actors, mailboxes and attempts, as they are now.'),
  moves: full('To another database or to Restate; nobody runs those of the database meanwhile.'),
  manyMachines: none('One process runs all sagas of a database.'),
};

const CAPABILITIES: Readonly<Record<HostName, Capabilities['promises']>> = {
  'embedded-sqlite': {
    ...EMBEDDED,
    inbox: full('A row in your own transaction starts a saga or sends an event, exactly once.'),
    standby: none('One process opens a file.'),
  },
  'embedded-postgres': {
    ...EMBEDDED,
    inbox: full('A row in your own transaction starts a saga or sends an event, exactly once.'),
    standby: full('Other processes show everything, pass orders on, and take over.'),
  },
  restate: {
    atomicTurns: limited(
      "Step by step in Restate's log, always completed; pages and lists follow it.",
    ),
    transactionalActivities: none(
      'Statements of a transactional activity would commit with its turn, which only the embedded ' +
        'engine can do; bind a remote one, or wrap it in detached(): at least once, with one key.',
    ),
    inProcessListeners: none(
      'They live in the memory of one process as long as their state; only the embedded engine can ' +
        'run them.',
    ),
    timers: limited('Clocks of several machines: keep NTP running; late by the way of one call.'),
    startKeys: full('For ever; a few hundred bytes of each are kept in Restate.'),
    freshLists: limited(
      'Lists and feeds lag while turns are written. States and waits are fresh, and so is a saga ' +
        'looked at by its id in the process that gave the order.',
    ),
    attemptTimeouts: limited(
      'They run in the worker that makes the attempt; where no worker runs they wait. Deadlines of ' +
        'the saga come all the same.',
    ),
    attemptAborts: limited(
      'Its signal fires where its worker can be reached, that of an inline one at its time-out only.',
    ),
    lateAnswers: limited(
      'It is listened for as long as lateWithin says; that of an inline attempt is not heard.',
    ),
    ordersMeanwhile: limited(
      'Events, orders and timers are taken at once; where workers make short attempts inline, they ' +
        'wait for such a one to end, at most its time-out.',
    ),
    poisonTurns: limited(
      'It is tried again on every worker, and its saga waits; a person pauses the call.',
    ),
    missingVersions: limited(
      'The saga is parked, where a worker still answers for the deployment of the call.',
    ),
    bounds: limited(
      'Places of a type are exact; how many may wait is not bounded, so that maxQueued is refused.',
    ),
    liveFigures: none('No saga runs in this process: pages show what is written.'),
    inbox: limited(
      'A row in your own transaction starts a saga or sends an event, exactly once; what it commands ' +
        'may be done twice where its face ends just then and is away for ten minutes.',
    ),
    moves: limited(
      'From a database and to one, while workers and face go on; not while a subscriber does not take ' +
        'what it said.',
    ),
    standby: limited(
      'Another face over the same PostgreSQL shows everything, and writes once the first one ends.',
    ),
    manyMachines: full('Any number of workers, behind one address.'),
  },
};

/** What that host can and cannot promise. */
export function capabilitiesOf(host: HostName): Capabilities {
  return { host, promises: CAPABILITIES[host] };
}
