/**
 * `/api/sagas`: any saga, as in the contract: start, list, look at, send to, command.
 */
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { CommandName } from '../core/inbound.ts';
import { BackstepError, type Issue } from '../core/errors.ts';
import { isSettled } from '../core/status.ts';
import { currentStep, type SagaState } from '../core/state.ts';
import type { Backstep } from '../runtime/backstep.ts';
import type { SagaRecord } from '../store/read-models.ts';
import { readJsonObject, type JsonObject } from './body.ts';
import {
  definitionOf,
  queryOf,
  statusAfterWait,
  type HttpContext,
  type HttpEnv,
} from './context.ts';
import { pageOf, sagaFilterOf, waitMsOf } from './query.ts';
import { sagaView, summaryView, transitionView, unreadableView } from './saga-view.ts';

/** Longest start key and event id. */
const MAX_KEY_LENGTH = 200;
const MAX_REASON_LENGTH = 500;
const COMMANDS: readonly CommandName[] = ['cancel', 'terminate', 'retry'];
/** Parts of a command that no command takes yet; ignoring them would do something else. */
const UNSUPPORTED_PARTS = ['context'];
/** Recorded as the author of commands that come through the API. */
const API_AUTHOR = 'api';

/** The routes, to be mounted at `/api/sagas`. */
export function sagaRoutes({ backstep, nowMs }: HttpContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .post('/:type', async (c) => {
      const waitMs = waitMsOf(queryOf(c));
      const body = await readJsonObject(c.req.raw);
      const key = keyOf(body, c.req.header('idempotency-key'));
      const input = body['input'] ?? null;
      const type = c.req.param('type');
      const started = await backstep.spawn(type, key === null ? { input } : { input, key });
      const status = await statusAfterWait(backstep, started, waitMs);
      const isAnswered = waitMs !== null && isSettled(status);
      const location = `/api/sagas/${started.id}`;
      return c.json({ id: started.id, type, status }, isAnswered ? 200 : 202, { location });
    })
    .get('/', async (c) => {
      const query = queryOf(c);
      const page = await backstep.read.listSagas(sagaFilterOf(query, nowMs()), pageOf(query));
      return c.json({ items: page.items.map(summaryView), nextCursor: page.nextCursor });
    })
    .get('/:id', async (c) => {
      const saga = await sagaOf(backstep, c.req.param('id'));
      const state = await readableState(backstep, saga.id);
      if (state instanceof BackstepError) return c.json(unreadableView(saga, state.message));
      const definition = definitionOf(backstep, saga.type, saga.version);
      return c.json(sagaView(saga, state, definition, backstep.legalCommands(state)));
    })
    .get('/:id/transitions', async (c) => {
      const { id } = await sagaOf(backstep, c.req.param('id'));
      const page = await backstep.read.transitions(id, pageOf(queryOf(c)));
      return c.json({ items: page.items.map(transitionView), nextCursor: page.nextCursor });
    })
    .post('/:id/events', async (c) => {
      const { id: givenId, type, ...payload } = await readJsonObject(c.req.raw);
      const eventId = optionalText('id', givenId, MAX_KEY_LENGTH) ?? randomUUID();
      const event = { ...payload, type: requiredText('type', type, MAX_KEY_LENGTH) };
      const state = await backstep.send(c.req.param('id'), event, eventId);
      return c.json({ ...outcomeView(state), eventId }, 202);
    })
    .post('/:id/commands', async (c) => {
      const body = await readJsonObject(c.req.raw);
      const id = c.req.param('id');
      const given = requiredText('command', body['command'], MAX_KEY_LENGTH);
      const reason = optionalText('reason', body['reason'], MAX_REASON_LENGTH);
      const expectedVersion = versionOf(body['expectedVersion']);
      const name = COMMANDS.find((command) => command === given);
      if (name === undefined) throw await unknownCommand(backstep, id, given);
      refuseUnsupported(body);
      const step = optionalText('step', body['step'], MAX_KEY_LENGTH);
      if (step !== null) await assertIsAt(backstep, id, name, step);
      const command = { name, by: API_AUTHOR, ...(reason === null ? {} : { reason }) };
      const state = await backstep.command(id, command, expectedVersion);
      return c.json(outcomeView(state), 202);
    });
}

/** The saga's row. Throws `not-found`. */
async function sagaOf(backstep: Backstep, id: string): Promise<SagaRecord> {
  const saga = await backstep.read.saga(id);
  if (saga === null) {
    throw new BackstepError('not-found', `there is no saga ${id.slice(0, 100)}`);
  }
  return saga;
}

/** The state, or why it cannot be read: such a saga must still be found and looked at. */
export async function readableState(
  backstep: Backstep,
  id: string,
): Promise<SagaState | BackstepError> {
  try {
    const state = await backstep.state(id);
    return state ?? new BackstepError('not-found', `there is no saga ${id.slice(0, 100)}`);
  } catch (error) {
    if (error instanceof BackstepError && error.code === 'state-unreadable') return error;
    throw error;
  }
}

function outcomeView({ id, status, seq }: SagaState): object {
  return { id, status, seq };
}

function keyOf(body: JsonObject, header: string | undefined): string | null {
  const inBody = optionalText('key', body['key'], MAX_KEY_LENGTH);
  const inHeader = optionalText('Idempotency-Key', header, MAX_KEY_LENGTH);
  if (inBody !== null && inHeader !== null && inBody !== inHeader) {
    throw invalid('key', 'differs from the header Idempotency-Key', true);
  }
  return inBody ?? inHeader;
}

function versionOf(given: unknown): number | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== 'number') throw invalid('expectedVersion', 'must be a number', true);
  if (!Number.isSafeInteger(given) || given < 1) {
    throw invalid('expectedVersion', 'must be a whole number from 1', false);
  }
  return given;
}

async function unknownCommand(
  backstep: Backstep,
  id: string,
  command: string,
): Promise<BackstepError> {
  const state = await backstep.state(id);
  if (state === null) {
    return new BackstepError('not-found', `there is no saga ${id.slice(0, 100)}`);
  }
  const legal = backstep.legalCommands(state);
  return new BackstepError('not-legal', `"${command}" is no command of this saga`, { legal });
}

/** A command that names a step is meant for that step alone. Throws `not-legal` with the step. */
async function assertIsAt(
  backstep: Backstep,
  id: string,
  command: CommandName,
  step: string,
): Promise<void> {
  const state = await backstep.state(id);
  const legal = state === null ? [] : backstep.legalCommands(state);
  const present = state === null ? undefined : currentStep(state.steps);
  const isMeant = step === present?.name || step === present?.compensation?.name;
  if (command === 'retry' && isMeant) return;
  const where = present === undefined ? 'at no step' : `at step ${present.name}`;
  const message = `${command} of step "${step}" is not possible: the saga is ${where}`;
  throw new BackstepError('not-legal', message, { legal });
}

function refuseUnsupported(body: JsonObject): void {
  const part = UNSUPPORTED_PARTS.find((name) => body[name] !== undefined && body[name] !== null);
  if (part !== undefined) throw invalid(part, 'is not taken by this command', false);
}

function requiredText(path: string, given: unknown, maxLength: number): string {
  const text = optionalText(path, given, maxLength);
  if (text === null) throw invalid(path, 'is missing', true);
  return text;
}

function optionalText(path: string, given: unknown, maxLength: number): string | null {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'string') throw invalid(path, 'must be text', true);
  if (given === '' || given.length > maxLength) {
    throw invalid(path, `must have 1 to ${maxLength} characters`, false);
  }
  return given;
}

function invalid(path: string, message: string, isTypeError: boolean): BackstepError {
  const issues: readonly Issue[] = [{ path, message, isTypeError }];
  return new BackstepError('input-invalid', `${path} ${message}`, { issues });
}
