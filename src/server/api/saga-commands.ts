/**
 * `/api/sagas/{id}/commands` and `/events`: what a person or program may tell a saga.
 *
 * Invariant: what is not legal is answered 409 with what is, and changes nothing.
 */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { z } from 'zod';
import { BackstepError } from '../../core/errors.ts';
import {
  COMMAND_NAMES,
  type CommandName,
  type OperatorCommand,
  TAKES_CONTEXT,
  TAKES_STEP,
} from '../../core/turn/inbound.ts';
import { parseWith } from '../../core/standard-schema.ts';
import type { SagaState, StepEntry } from '../../core/state.ts';
import type { Backstep } from '../../host/backstep.ts';
import { authorOf, queryOf, type HttpContext } from '../context.ts';
import { HttpProblem } from '../error-response.ts';
import type { HttpEnv } from '../http-env.ts';
import { AuthorQuery, readQuery } from '../query.ts';
import { stateOf } from '../saga-lookup.ts';
import { shownFrame } from '../../core/history/shown-state.ts';
import { API_AUTHOR, authorIn, CommandBody, EventBody, readBody } from './request-bodies.ts';

/** Sends events and commands to one saga, below `/api/sagas`. */
export function sagaCommandRoutes({ backstep, logger }: HttpContext): Hono<HttpEnv> {
  // A guard or action of the machine threw: the event was not taken and nothing has changed.
  const asPoison = (error: unknown): never => {
    const isOfMachine = error instanceof BackstepError && error.code === 'definition-invalid';
    if (error instanceof BackstepError && !isOfMachine) throw error;
    logger.error({ err: error }, 'a machine failed on an event');
    throw new HttpProblem('event-failed', 'The machine of this saga fails on such an event.');
  };
  return new Hono<HttpEnv>()
    .post('/:id/events', async (c) => {
      const named = readQuery(queryOf(c), AuthorQuery);
      const { id: givenId, ...event } = await readBody(c.req.raw, EventBody);
      const eventId = givenId ?? randomUUID();
      const { by: said, reason } = { ...authorIn(event), ...named };
      const by = authorOf(c, API_AUTHOR, said);
      const options = { eventId, by, ...(reason === undefined ? {} : { reason }) };
      const state = await backstep.saga(c.req.param('id')).send(event, options).catch(asPoison);
      const shownId = shownFrame(eventId);
      const isKept = state.early.some((early) => early.id === shownId);
      return c.json({ ...outcomeView(state), eventId: shownId, isKept }, 202);
    })
    .post('/:id/commands', async (c) => {
      const body = await readBody(c.req.raw, CommandBody);
      const id = c.req.param('id');
      const name = COMMAND_NAMES.find((command) => command === body.command);
      if (name === undefined) throw await unknownCommand(backstep, id, body.command);
      const command = commandOf(name, body, authorOf(c, API_AUTHOR, body.by));
      if (command.step !== undefined) await assertIsAt(backstep, id, name, command.step);
      const state = await backstep
        .saga(id)
        .command(command, { expectedVersion: body.expectedVersion ?? undefined });
      const warning = await warningOf(backstep, state, command);
      return c.json({ ...outcomeView(state), ...(warning === null ? {} : { warning }) }, 202);
    });
}

/**
 * What the schema of the saga says of an input that a person replaced. It refuses nothing: what it made
 * of an input at the start, such as a date, need not pass it a second time.
 */
async function warningOf(
  backstep: Pick<Backstep, 'read' | 'definitions'>,
  { id }: SagaState,
  { context = {} }: OperatorCommand,
): Promise<string | null> {
  if (!('input' in context)) return null;
  const saga = await backstep.read.saga(id);
  const definition = backstep
    .definitions()
    .find(({ id: type, version }) => type === saga?.type && version === saga.version);
  // Of a machine that somebody wrote that member may be anything.
  if (definition?.editable?.includes('input') !== true || definition.input === null) return null;
  try {
    await parseWith(definition.input, context['input']);
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `the schema of the saga does not take its input as it is now: ${shownFrame(why)}`;
  }
}

function outcomeView({ id, status, seq }: SagaState) {
  return { id, status, seq };
}

function commandOf(
  name: CommandName,
  { reason, step, context }: z.output<typeof CommandBody>,
  by: string,
): OperatorCommand {
  const hasStep = step !== null && step !== undefined;
  const hasContext = context !== null && context !== undefined;
  if (hasStep && !TAKES_STEP.includes(name)) throw notTaken('step', name, TAKES_STEP);
  if (hasContext && !TAKES_CONTEXT.includes(name)) throw notTaken('context', name, TAKES_CONTEXT);
  return {
    name,
    by,
    ...(reason === null || reason === undefined ? {} : { reason }),
    ...(hasStep ? { step } : {}),
    ...(hasContext ? { context } : {}),
  };
}

// Ignoring it would do something else than what was meant.
function notTaken(path: string, name: CommandName, takers: readonly CommandName[]): BackstepError {
  const message = `is taken by ${takers.join(' and ')} only, not by ${name}`;
  return new BackstepError('input-invalid', `${path} ${message}`, {
    issues: [{ path, message, isTypeError: false }],
  });
}

async function unknownCommand(
  backstep: Backstep,
  id: string,
  command: string,
): Promise<BackstepError> {
  const state = await stateOf(backstep, id);
  const legal = backstep.legalCommands(state);
  return new BackstepError('not-legal', `"${command}" is no command of this saga`, { legal });
}

/** A command that names a step is meant for that step alone. Throws `not-legal` with the steps. */
async function assertIsAt(
  backstep: Backstep,
  id: string,
  command: CommandName,
  step: string,
): Promise<void> {
  const state = await stateOf(backstep, id);
  const open = state.steps.filter(isOpen);
  if (open.some(({ name, compensation }) => step === name || step === compensation?.name)) return;
  const where = open.length === 0 ? 'no step' : `step ${open.map(({ name }) => name).join(', ')}`;
  const message = `${command} of step "${step}" is not possible: the saga is at ${where}`;
  throw new BackstepError('not-legal', message, { legal: backstep.legalCommands(state) });
}

/** The step is under way, or waits for somebody to decide. */
function isOpen({ status }: StepEntry): boolean {
  switch (status) {
    case 'running':
    case 'retrying':
    case 'in_doubt':
    case 'failed':
    case 'compensating':
    case 'compensation_failed':
      return true;
    case 'pending':
    case 'completed':
    case 'compensated':
    case 'skipped':
      return false;
  }
}
