/** The routes of the host as data; see operations.ts. */
import { accepted, BODY, ok, type Operation } from '../operation.ts';
import { TrialBody } from '../request-bodies.ts';
import { Calls, Capabilities, Nudged, Resync, Versions } from './host-answers.ts';

/** What is asked of the host. */
export const HOST_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/capabilities',
    summary: 'What runs the sagas here, and what it can and cannot promise.',
    answers: ok(Capabilities),
  },
  {
    method: 'get',
    path: '/api/versions',
    summary: 'Every version of which there are sagas, or that can run here, with how many.',
    answers: ok(Versions),
  },
  {
    method: 'get',
    path: '/api/calls',
    summary: 'Calls between machines that do not get on, and what to do of them.',
    answers: ok(Calls),
  },
  {
    method: 'post',
    path: '/api/sagas/{id}/nudge',
    summary:
      'Dispatch again what is live in a saga of which somebody killed a call, with the same keys; ' +
      '409 where one process runs all sagas.',
    body: TrialBody,
    answers: accepted(Nudged),
    refusals: [...BODY, 404, 409],
  },
  {
    method: 'get',
    path: '/api/resync',
    summary: 'How far the database is written again; 409 where one process runs all sagas.',
    answers: ok(Resync),
    refusals: [409],
  },
  {
    method: 'post',
    path: '/api/resync',
    summary: 'Write what the database lacks of what the server of the calls keeps.',
    body: TrialBody,
    answers: accepted(Resync),
    refusals: [...BODY, 409],
  },
];
