/**
 * `/bulk`: one command for many sagas: asked with the exact number, then carried out and told saga
 * by saga.
 *
 * Invariant: the list is frozen before the question is asked, so that what is confirmed is what
 * happens. GET never changes anything.
 */
import { Hono } from 'hono';
import { BackstepError } from '../../../core/errors.ts';
import { COMMAND_NAMES, type CommandName } from '../../../core/turn/inbound.ts';
import { commandChoices } from '../../../core/turn/legal-reason.ts';
import type { BulkProgress, BulkRequest } from '../../../host/upkeep/bulk-commands.ts';
import type { BulkOutcome } from '../../../store/queries/bulk-records.ts';
import type { LetterGroupKey } from '../../../store/read-models.ts';
import { readForm } from '../../body.ts';
import { bulkIdOf } from '../../api/bulk-routes.ts';
import { authorOf, type HttpContext, PAGE_AUTHOR } from '../../context.ts';
import { HttpProblem } from '../../error-response.ts';
import type { HttpEnv } from '../../http-env.ts';
import { refusedAt } from '../frame/form-answers.ts';
import { letterGroupOf } from '../dead-letters/letter-group.ts';
import { region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import { badQuery, textOf } from '../../query.ts';
import { readableState } from '../../saga-lookup.ts';
import { filterOf, listAddress, listQueryOf } from '../sagas/saga-list-query.ts';
import { bulkContent, bulkPage, titleOf } from './bulk-view.ts';
import { CHOSEN_PREFIX } from '../sagas/sagas-view.ts';

const MIN_AGE_MS = 500;
const SHOWN_ITEMS = 50;
/** Letters of a group that one command reaches. */
const MAX_LETTERS = 10_000;
const LETTERS_PER_READ = 200;
const OUTCOMES: readonly BulkOutcome[] = ['taken', 'refused', 'failed'];
type Form = ReadonlyMap<string, string>;

/** The page. */
export function createBulkPage(context: HttpContext): Page {
  return {
    path: '/bulk/:id',
    under: '/sagas',
    groups: (query) => groupsOf(context, query),
    look: async (query) => {
      const progress = await context.backstep.bulk.find(bulkIdOf(query.get('id') ?? ''));
      return { title: titleOf(progress), content: (place) => bulkPage(progress, place) };
    },
    actions: actionsOf(context),
  };
}

function actionsOf(context: HttpContext): Hono<HttpEnv> {
  const { bulk } = context.backstep;
  const actions = new Hono<HttpEnv>();
  actions.post('/bulk', async (c) => {
    const form = await readForm(c.req.raw);
    try {
      const frozen = await bulk.freeze({
        command: commandOf(form),
        by: authorOf(c, PAGE_AUTHOR),
        reason: form.get('reason')?.trim() || null,
        sagas: await chosenBy(context, form),
      });
      return c.redirect(`/bulk/${frozen.id}`, 303);
    } catch (error) {
      if (!(error instanceof BackstepError)) throw error;
      throw refusedAt(error, listOf(form));
    }
  });
  actions.post('/bulk/:id/start', async (c) => {
    const { id } = await bulk.start(bulkIdOf(c.req.param('id')));
    return c.redirect(`/bulk/${id}`, 303);
  });
  actions.post('/bulk/:id/stop', async (c) => {
    const { id } = await bulk.stop(bulkIdOf(c.req.param('id')));
    return c.redirect(`/bulk/${id}`, 303);
  });
  return actions;
}

/** Throws `query-invalid` and `not-found`. */
function groupsOf(context: HttpContext, query: URLSearchParams): readonly RegionGroup[] {
  const { backstep } = context;
  const { bulk } = backstep;
  const id = bulkIdOf(query.get('id') ?? '');
  const outcome = outcomeOf(query.get('outcome'));
  const cursor = textOf(query, 'cursor');
  return [
    {
      key: `bulk ${id} ${outcome ?? ''} ${cursor ?? ''}`,
      minAgeMs: MIN_AGE_MS,
      render: async () => {
        const progress = await bulk.find(id);
        const page = await bulk.items(id, outcome, { limit: SHOWN_ITEMS, cursor });
        const ids = page.items.map(({ sagaId }) => sagaId);
        const sagas = await backstep.read.summaries(ids);
        const objections =
          progress.startedAtMs === null
            ? await objectionsOf(backstep, progress, ids)
            : new Map<string, string>();
        const { isReadOnly } = context;
        const content = { progress, page, outcome, sagas, objections, isReadOnly };
        return [await region('bulk', bulkContent(content))];
      },
    },
  ];
}

/** Why sagas would refuse the command as they are now, by their ids. */
async function objectionsOf(
  backstep: HttpContext['backstep'],
  { command }: BulkProgress,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(
    ids.map(async (id): Promise<readonly [string, string] | null> => {
      const state = await readableState(backstep, id);
      if (state instanceof BackstepError) return [id, state.message];
      const choice = commandChoices(state).find((one) => one.command === command);
      return choice?.reason === null || choice === undefined ? null : [id, choice.reason];
    }),
  );
  return new Map(found.filter((one) => one !== null));
}

async function chosenBy(context: HttpContext, form: Form): Promise<BulkRequest['sagas']> {
  const { backstep, nowMs } = context;
  const scope = form.get('scope');
  if (scope === 'matching') {
    return { filter: filterOf(listQueryOf(keptFilters(form)), nowMs()) };
  }
  if (scope === 'letters') {
    const group = letterGroupOf(new URLSearchParams([...form]));
    return { ids: required(await letterIds(backstep.read, group), 'There is no such letter.') };
  }
  if (scope !== 'chosen') throw badQuery('scope', 'must be chosen, matching or letters');
  const chosen = [...form.keys()].filter((name) => name.startsWith(CHOSEN_PREFIX));
  const ids = chosen.map((name) => name.slice(CHOSEN_PREFIX.length));
  return { ids: required(ids, 'Choose sagas first: tick them in the list.') };
}

function required(ids: readonly string[], otherwise: string): readonly string[] {
  if (ids.length > 0) return ids;
  const issues = [{ path: 'sagas', message: otherwise, isTypeError: false }];
  throw new BackstepError('input-invalid', otherwise, { issues });
}

async function letterIds(
  read: HttpContext['backstep']['read'],
  group: LetterGroupKey | null,
): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = { limit: LETTERS_PER_READ, cursor };
    const letters = await read.deadLetters(page, group ?? undefined);
    ids.push(...letters.items.map(({ sagaId }) => sagaId));
    cursor = letters.nextCursor;
  } while (cursor !== null && ids.length < MAX_LETTERS);
  return ids;
}

/** The list that the form was on, narrowed as it was. */
function listOf(form: Form): string {
  return form.get('scope') === 'letters' ? '/dead-letters' : listAddress(keptFilters(form));
}

/** A form has each field once; the filters stand under numbered names. */
function keptFilters(form: Form): URLSearchParams {
  const filters = new URLSearchParams();
  for (const [name, value] of form) {
    const filter = /^filter-\d+-(\w+)$/.exec(name)?.[1];
    if (filter !== undefined) filters.append(filter, value);
  }
  return filters;
}

function commandOf(form: Form): CommandName {
  const name = COMMAND_NAMES.find((command) => command === form.get('command'));
  if (name === undefined) throw new HttpProblem('route-unknown', 'There is no such command.');
  return name;
}

function outcomeOf(text: string | null): BulkOutcome | null {
  if (text === null) return null;
  const outcome = OUTCOMES.find((known) => known === text);
  if (outcome === undefined) throw badQuery('outcome', `must be one of ${OUTCOMES.join(', ')}`);
  return outcome;
}
