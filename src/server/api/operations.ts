/**
 * Every route of the API as data: what it takes and what it answers. The OpenAPI document is made
 * of this table, and a test finds every route of the app in it.
 */
import { z } from 'zod';
import * as answers from './answers.ts';
import { HOST_OPERATIONS } from './host/host-operations.ts';
import { FeedMessage, FeedResync } from './feed-answers.ts';
import { Inbox } from './inbox-answers.ts';
import { accepted, type Answer, BODY, list, ok, type Operation, plain } from './operation.ts';
import {
  AuthorQuery,
  DefinitionQuery,
  FeedQueryParameters,
  LimitQuery,
  PageQuery,
  SagaQuery,
  WaitQuery,
} from '../query.ts';
import * as bodies from './request-bodies.ts';
import { Why } from './standing-answers.ts';

const START: readonly Answer[] = [
  { status: 200, schema: answers.Started },
  { status: 202, schema: answers.Started },
];

/** The operations of every server. */
export function engineOperations(): readonly Operation[] {
  return [...SAGAS, ...BULK, ...ENGINE, ...HOST_OPERATIONS, ...FEED];
}

const SAGAS: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/sagas/{type}',
    summary: 'Start a saga; 202 once the start is durable, 200 when it settled within `wait`.',
    query: WaitQuery,
    headers: {
      'Idempotency-Key': bodies.StartKey,
      traceparent: z
        .string()
        .meta({ description: 'Of W3C: the saga belongs to that trace. Ignored when it is none.' }),
    },
    body: bodies.StartBody,
    answers: START,
    refusals: [...BODY, 404, 409],
  },
  {
    method: 'get',
    path: '/api/sagas',
    summary: 'Sagas, newest first.',
    query: SagaQuery,
    answers: list(answers.SagaSummary),
    refusals: [400],
  },
  {
    method: 'get',
    path: '/api/sagas/{id}',
    summary: 'Where a saga stands, what it waits for, and what may be done.',
    answers: ok(answers.Saga),
    refusals: [404],
  },
  {
    method: 'get',
    path: '/api/sagas/{id}/why',
    summary:
      'Why a saga stands where it stands, in words: what it waits for, what failed, what is owed.',
    answers: ok(Why),
    refusals: [404],
  },
  {
    method: 'get',
    path: '/api/sagas/{id}/transitions',
    summary: 'The journal of a saga, in order.',
    query: PageQuery,
    answers: list(answers.Transition),
    refusals: [400, 404],
  },
  {
    method: 'post',
    path: '/api/sagas/{id}/events',
    summary:
      'Send an event, such as an approval; once per event id, and audited. 409 says what is taken ' +
      'now and what is kept for later.',
    query: AuthorQuery,
    body: bodies.EventBody,
    answers: accepted(answers.EventAnswer),
    refusals: [...BODY, 404, 409],
  },
  {
    method: 'post',
    path: '/api/sagas/{id}/commands',
    summary: 'Order something; 409 with the legal commands when it is not legal now.',
    body: bodies.CommandBody,
    answers: accepted(answers.CommandAnswer),
    refusals: [...BODY, 404, 409],
  },
];

const BULK: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/bulk',
    summary: 'Command many sagas, over a list that is frozen now.',
    body: bodies.BulkBody,
    answers: accepted(answers.BulkProgress),
    refusals: BODY,
  },
  {
    method: 'get',
    path: '/api/bulk',
    summary: 'Bulk commands, newest first; the last 200 are kept.',
    query: PageQuery,
    answers: list(answers.Bulk),
    refusals: [400],
  },
  {
    method: 'get',
    path: '/api/bulk/{bulk}',
    summary: 'How far a bulk command is.',
    answers: ok(answers.BulkProgress),
    refusals: [404],
  },
  {
    method: 'post',
    path: '/api/bulk/{bulk}/start',
    summary: 'Start what was only frozen.',
    answers: accepted(answers.BulkProgress),
    refusals: [404],
  },
  {
    method: 'post',
    path: '/api/bulk/{bulk}/stop',
    summary: 'Leave alone the sagas whose turn has not come: they stay `pending`.',
    answers: ok(answers.BulkProgress),
    refusals: [404, 409],
  },
  {
    method: 'get',
    path: '/api/bulk/{bulk}/sagas',
    summary: 'What came of it, saga by saga.',
    query: bodies.BulkItemsQuery,
    answers: list(answers.BulkItem),
    refusals: [400, 404],
  },
];

const ENGINE: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/dead-letters',
    summary: 'What was given up on: done, maybe done, compensated, outstanding.',
    query: PageQuery,
    answers: list(answers.DeadLetter),
    refusals: [400],
  },
  {
    method: 'get',
    path: '/api/definitions',
    summary: 'Every version of every saga that can run here.',
    answers: list(answers.DefinitionSummary),
  },
  {
    method: 'get',
    path: '/api/definitions/{type}',
    summary: 'One version: its machine, how many run, and what verify found.',
    query: DefinitionQuery,
    answers: ok(answers.Definition),
    refusals: [400, 404],
  },
  {
    method: 'get',
    path: '/api/definitions/{type}/machine',
    summary: "XState's own JSON of the machine.",
    query: DefinitionQuery,
    answers: ok(z.looseObject({ id: z.string() })),
    refusals: [400, 404],
  },
  {
    method: 'get',
    path: '/api/definitions/{type}/mermaid',
    summary: 'The drawing as Mermaid text.',
    query: DefinitionQuery,
    answers: plain('text/plain'),
    refusals: [400, 404],
  },
  {
    method: 'get',
    path: '/api/definitions/{type}/ways/{number}',
    summary: 'The way to a finding of verify, counted from 1, as a picture: the chart with it lit.',
    query: DefinitionQuery,
    answers: plain('image/svg+xml'),
    refusals: [400, 404],
  },
  {
    method: 'get',
    path: '/api/definitions/{type}/stately',
    summary: "The machine as source text for Stately's editor; functions by name only.",
    query: DefinitionQuery,
    answers: plain('text/plain'),
    refusals: [400, 404],
  },
  {
    method: 'get',
    path: '/api/stats',
    summary: 'Figures of the sagas, and of this process.',
    answers: ok(answers.Stats),
  },
  {
    method: 'get',
    path: '/api/inbox',
    summary: 'What waits in the inbox, and the rows that were refused, with why.',
    query: LimitQuery,
    answers: ok(Inbox),
  },
  {
    method: 'get',
    path: '/api/retention',
    summary: 'Where the removal of ended sagas stands.',
    answers: ok(answers.Retention),
  },
  {
    method: 'post',
    path: '/api/retention/resume',
    summary: 'Say that the clock is right: removal goes on.',
    answers: accepted(answers.Retention),
  },
  {
    method: 'get',
    path: '/api/health',
    summary: '200 while work is taken on here, else 503 with the reason.',
    answers: ok(answers.Health),
  },
  {
    method: 'get',
    path: '/api/live',
    summary: '200 as long as the process answers, also as a standby.',
    answers: ok(answers.Live),
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'The figures for Prometheus.',
    answers: plain('text/plain'),
  },
  {
    method: 'get',
    path: '/api/openapi.json',
    summary: 'This document.',
    answers: ok(z.looseObject({ openapi: z.string() })),
  },
];

const socket: readonly Answer[] = [{ status: 101, schema: null }];
const FEED: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/transitions',
    summary:
      'Every committed transition as server-sent events; goes on after `Last-Event-ID`. Without a ' +
      'cursor the header `Feed-Cursor` says where it begins.',
    query: FeedQueryParameters,
    headers: { 'Last-Event-ID': z.string() },
    answers: [
      {
        status: 200,
        schema: z.union([FeedMessage, FeedResync]),
        mediaType: 'text/event-stream',
      },
    ],
    refusals: [400],
  },
  {
    method: 'get',
    path: '/ws/transitions',
    summary: 'The same over a WebSocket, one JSON message each; `resync` sends a client back.',
    query: FeedQueryParameters,
    answers: socket,
    refusals: [400, 426],
  },
  {
    method: 'get',
    path: '/inspect',
    summary: 'A WebSocket in the protocol of @statelyai/inspect.',
    answers: socket,
    refusals: [400, 404, 426],
  },
  {
    method: 'get',
    path: '/inspect/v4',
    summary: 'A WebSocket in the protocol of @xstate/inspect.',
    answers: socket,
    refusals: [400, 404, 426],
  },
];
