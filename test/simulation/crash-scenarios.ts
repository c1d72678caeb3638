/**
 * The scripted runs that crashes are tried in: what goes wrong in each, for both ways of
 * implementing the participants.
 */
import {
  type Exploration,
  exploreCrashes,
  type Scenario,
  type ScriptedFault,
} from './crash-points.ts';
import type { Flavor } from './participants.ts';
import { failureText } from './report.ts';
import type { SimSaga } from './sim-saga.ts';
import {
  FITTING,
  GROUP,
  GUILD,
  INSTALMENTS,
  LEGS,
  ONBOARDING,
  ORDER,
  PARCELS,
  SCOUT,
  TRIP,
} from './sim-sagas.ts';

type Script = readonly [name: string, fault: ScriptedFault];

const FLAVORS: readonly Flavor[] = ['transactional', 'remote'];

/** What goes wrong with one step, whatever the saga. */
function faultsOf(wanted: string): readonly Script[] {
  return [
    [
      `${wanted} is declined`,
      (step, kind) => (step === wanted && kind === 'apply' ? 'permanent' : undefined),
    ],
    [
      `${wanted} is busy once, then loses an answer`,
      (step, kind, attempt) => {
        if (step !== wanted || kind !== 'apply') return undefined;
        return attempt === 1 ? 'transient' : attempt === 2 ? 'lost' : undefined;
      },
    ],
    [
      `${wanted} loses every answer`,
      (step, kind) => (step === wanted && kind === 'apply' ? 'lost' : undefined),
    ],
  ];
}

/** The step is done, the last one is declined, and what was done cannot be undone. */
function cannotBeUndone(wanted: string, isLast: ScriptedFault): Script {
  return [
    `${wanted} cannot be compensated`,
    (step, kind, attempt, part) => {
      if (kind === 'apply') return isLast(step, kind, attempt, part);
      return step === wanted ? 'permanent' : undefined;
    },
  ];
}

const ALL_WELL: Script = ['all goes well', none];

const ORDER_STEPS = ['reserveInventory', 'processPayment', 'sendConfirmation', 'updateOrder'];

const ORDER_SCRIPTS: readonly Script[] = [
  ALL_WELL,
  ...ORDER_STEPS.flatMap((wanted) => [
    ...faultsOf(wanted),
    cannotBeUndone(wanted, (step) => (step === 'updateOrder' ? 'permanent' : undefined)),
  ]),
  [
    'the charge is made and never answered',
    (step, kind) => (step === 'processPayment' && kind === 'apply' ? 'hang-applied' : undefined),
  ],
  [
    'the first charge arrives late and the others are declined',
    (step, kind, attempt) => {
      if (step !== 'processPayment' || kind !== 'apply') return undefined;
      return attempt === 1 ? 'late' : 'permanent';
    },
  ],
  [
    'the payment provider is down from its second request on',
    (step, kind, attempt) =>
      step === 'processPayment' && kind === 'apply' && attempt > 1 ? 'transient' : undefined,
  ],
  [
    'every request of a charge arrives twice',
    (step) => (step === 'processPayment' ? 'twice' : undefined),
  ],
];

/** Two accounts, and credit. */
const ACCOUNTS = 2;
const ONBOARDING_STEPS = ['openFile', 'checkCredit', 'reserveNumber', 'openAccount', 'sendWelcome'];

const isSecondAccount: ScriptedFault = (step, _kind, _attempt, part) =>
  step === 'openAccount' && part === 'savings' ? 'permanent' : undefined;

const ONBOARDING_SCRIPTS: readonly Script[] = [
  ALL_WELL,
  ...ONBOARDING_STEPS.filter((step) => step !== 'sendWelcome').flatMap(faultsOf),
  ...faultsOf('sendWelcome').filter(([name]) => name.includes('busy once')), // tried until it works
  ['the second account is declined', isSecondAccount],
  [
    'the first account is opened and never answered',
    (step, kind, _, part) =>
      step === 'openAccount' && part === 'current' && kind === 'apply' ? 'hang-applied' : undefined,
  ],
  [
    'every request of the second account arrives twice',
    (_step, _kind, _attempt, part) => (part === 'savings' ? 'twice' : undefined),
  ],
  ...['openFile', 'checkCredit', 'reserveNumber', 'account'].map((wanted) =>
    cannotBeUndone(wanted, isSecondAccount),
  ),
];

const NIGHTS = 2;
const BOOKINGS = ['bookHotel', 'bookFlight', 'bookCar'];

const isCharge: ScriptedFault = (step, kind) =>
  step === 'chargeTrip' && kind === 'apply' ? 'permanent' : undefined;

const TRIP_SCRIPTS: readonly Script[] = [
  ALL_WELL,
  ...[...BOOKINGS, 'chargeTrip', 'issueTickets'].flatMap(faultsOf),
  [
    'the hotel and the flight are declined, the car loses its answer',
    (step, kind) => {
      if (kind !== 'apply') return undefined;
      return step === 'bookCar' ? 'lost' : step.startsWith('book') ? 'permanent' : undefined;
    },
  ],
  [
    'the flight is booked and never answered',
    (step, kind) => (step === 'bookFlight' && kind === 'apply' ? 'hang-applied' : undefined),
  ],
  [
    'the charge is made and never answered',
    (step, kind) => (step === 'chargeTrip' && kind === 'apply' ? 'hang-applied' : undefined),
  ],
  ...BOOKINGS.map((wanted) => cannotBeUndone(wanted, isCharge)),
];

/** The first call of the step goes well, all others go wrong: a later round, or a later attempt. */
function laterCallsOf(wanted: string, kind: 'transient' | 'permanent' | 'lost'): Script {
  return [
    `${wanted} is ${kind} from its second call on`,
    (step, of, call) => (step === wanted && of === 'apply' && call > 1 ? kind : undefined),
  ];
}

/** What goes wrong in the last step of a round, all rounds but the first. */
function loopScripts(step: string): readonly Script[] {
  return (['transient', 'permanent', 'lost'] as const).map((kind) => laterCallsOf(step, kind));
}

function onlyOf(wanted: string, kind: string, of = 'apply'): Script {
  return [
    `${wanted} (${of}) is ${kind}`,
    (step, what) => (step === wanted && what === of ? kind : undefined),
  ];
}

const ROUNDS = 2;

/** A person settles what is left, the same way at every run. */
const GROUP_SCRIPTS: readonly Script[] = [
  ALL_WELL,
  onlyOf('commit', 'permanent'),
  onlyOf('commit', 'lost'),
  onlyOf('ship', 'permanent'),
  onlyOf('seal', 'permanent'),
  [
    'the job is given up past its pivot, and the team is declined',
    (step, of) =>
      of === 'apply' && (step === 'ship' || step === 'seal') ? 'permanent' : undefined,
  ],
  [
    'the group is declined and the job cannot be taken back',
    (step, of) => {
      if (step === 'settle' && of === 'apply') return 'permanent';
      return step === 'job' && of === 'undo' ? 'permanent' : undefined;
    },
  ],
];

const GUILD_SCRIPTS: readonly Script[] = [
  onlyOf('fire', 'transient'),
  onlyOf('fire', 'lost'),
  onlyOf('crown', 'permanent'),
];

/** Sagas over the blocks of the builder, and families that a person settles. */
const BLOCK_SCENARIOS: readonly Scenario[] = [
  ...scenariosOf(INSTALMENTS, ROUNDS, [ALL_WELL, ...loopScripts('charge')]),
  ...scenariosOf(
    PARCELS,
    ROUNDS,
    [...loopScripts('pack'), onlyOf('bill', 'permanent')],
    ['remote'],
  ),
  ...scenariosOf({ ...LEGS, events: [{ type: 'confirm' }] }, ROUNDS, loopScripts('insure'), [
    'remote',
  ]),
  ...scenariosOf({ ...LEGS, events: [{ type: 'refuse' }] }, ROUNDS, [ALL_WELL], ['remote']),
  ...scenariosOf(
    FITTING,
    ROUNDS,
    [onlyOf('gloss', 'lost'), onlyOf('deliver', 'permanent')],
    ['remote'],
  ),
  ...scenariosOf(GROUP, 1, GROUP_SCRIPTS, ['remote']),
  ...scenariosOf(GUILD, 1, GUILD_SCRIPTS, ['remote']),
  ...scenariosOf(SCOUT, 1, [onlyOf('search', 'lost')], ['remote']),
];

/** Every scenario of the order, of the trip, of the onboarding with its children, and of blocks. */
export const SCENARIOS: readonly Scenario[] = [
  ...scenariosOf(ORDER, 2, ORDER_SCRIPTS),
  ...scenariosOf(TRIP, NIGHTS, TRIP_SCRIPTS, ['remote']),
  ...scenariosOf(
    { ...TRIP, events: [{ type: 'reject' }] },
    NIGHTS,
    [['is rejected', none]],
    ['remote'],
  ),
  ...scenariosOf({ ...TRIP, events: [] }, NIGHTS, [['nobody decides', none]], ['remote']),
  ...scenariosOf(ONBOARDING, ACCOUNTS, ONBOARDING_SCRIPTS),
  ...BLOCK_SCENARIOS,
];

/** What may be done twice in the time of the tests; all of them: `npm run simulate -- --crashes 2`. */
export const TWICE_CRASHED: readonly Scenario[] = [
  'order, transactional: all goes well',
  'order, transactional: updateOrder is declined',
  'order, remote: all goes well',
  'order, remote: updateOrder is declined',
  'trip, remote: all goes well',
  'trip, remote: chargeTrip is declined',
  'onboarding, remote: all goes well',
  'onboarding, transactional: the second account is declined',
  'instalments, remote: charge is transient from its second call on',
  'group, remote: the job is given up past its pivot, and the team is declined',
].map(scenarioNamed);

/**
 * Explores each, a share of points in another place of each, up to the first that fails; gives what
 * went wrong in words.
 */
export async function exploreAll(
  scenarios: readonly Scenario[],
  exploration: Exploration,
): Promise<{ readonly runs: number; readonly failures: readonly string[] }> {
  let runs = 0;
  const failures: string[] = [];
  for (const [first, scenario] of scenarios.entries()) {
    const explored = await exploreCrashes(scenario, { ...exploration, first });
    runs += explored.runs;
    for (const { crashes, result } of explored.failures) {
      failures.push(failureText(`${scenario.name}, crashes ${JSON.stringify(crashes)}`, result));
    }
    if (failures.length > 0) break;
  }
  return { runs, failures };
}

function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario "${name}"`);
  return scenario;
}

function none(): undefined {
  // nothing goes wrong
}

function scenariosOf(
  saga: SimSaga,
  quantity: number,
  scripts: readonly Script[],
  flavors: readonly Flavor[] = FLAVORS,
): Scenario[] {
  const { id } = saga.definition;
  return flavors.flatMap((flavor) =>
    scripts.map(([name, fault]) => {
      const title = `${id}, ${flavor}: ${name}`;
      return { name: title, saga, quantity, flavor, fault };
    }),
  );
}
