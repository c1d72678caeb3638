/**
 * What each question costs where much is stored: the runtime's and those about one saga read a few
 * pages, those about all of it never the wide rows.
 */
import { describe, expect, it } from 'vitest';
import { describeOnPostgres } from '../../postgres/databases.ts';
import { storeManySagas, UNDER_WAY } from './many-sagas.ts';
import { type Planner, postgresPlanner, sqlitePlanner } from './planners.ts';
import {
  engineQuestions,
  overallQuestions,
  pageQuestions,
  type Questions,
} from './store-questions.ts';

const ENDED = 50_000;
/** What a question may cost that has nothing to do with how much is stored. */
const FEW_PAGES = 700;
/** Tables that grow with the sagas that ran. */
const GROWING = [
  'sagas',
  'journal',
  'start_keys',
  'audit',
  'dead_letters',
  'inbox',
  'ended_sagas',
  'alert_marks',
  'alert_incidents',
  'alert_deliveries',
];
/** Their rows hold a state, or an inbound. */
const WIDE = ['sagas', 'journal'];

const KINDS = [
  { name: 'SQLite', describe, planner: sqlitePlanner },
  {
    name: 'PostgreSQL',
    describe: describeOnPostgres,
    planner: () => postgresPlanner((client) => storeManySagas(client, ENDED)),
  },
];

describe.each(KINDS)('over $name, where many sagas are stored', (kind) => {
  kind.describe('a question', () => {
    it('of the runtime, or about one saga, reads a few pages; none reads all wide rows', async () => {
      const planner = await kind.planner();
      const numbers = { sagas: ENDED + UNDER_WAY, ended: ENDED };
      const close = {
        ...engineQuestions(planner.db, numbers),
        ...pageQuestions(planner.db, numbers),
      };
      expect(await tooCostly(planner, close, GROWING)).toEqual([]);
      const overall = overallQuestions(planner.db);
      expect(await tooCostly(planner, overall, WIDE, { isPlanned: true })).toEqual([]);
    }, 120_000);
  });
});

async function tooCostly(
  planner: Planner,
  questions: Questions,
  never: readonly string[],
  { isPlanned = false } = {},
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [name, question] of Object.entries(questions)) {
    const { whole, pages, plans } = await planner.costOf(question, isPlanned);
    if (pages <= FEW_PAGES && !whole.some((table) => never.includes(table))) continue;
    found.push(`${name}: ${pages} pages, all of ${whole.join(', ')}\n${plans.join('\n')}`);
  }
  return found;
}
