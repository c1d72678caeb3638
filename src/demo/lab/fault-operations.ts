/**
 * The routes of the injected faults as data; see server/api/operations.ts.
 */
import { BODY, list, ok, type Operation } from '../../server/api/operation.ts';
import { Fault, FaultBody, FaultsBody } from './fault-schemas.ts';

/** `/api/faults`. */
export function faultOperations(): readonly Operation[] {
  return [
    {
      method: 'get',
      path: '/api/faults',
      summary: 'Injected faults.',
      answers: list(Fault),
    },
    {
      method: 'put',
      path: '/api/faults',
      summary: 'Make rates repeatable.',
      body: FaultsBody,
      answers: list(Fault),
      refusals: BODY,
    },
    {
      method: 'delete',
      path: '/api/faults',
      summary: 'End all faults.',
      answers: [{ status: 204, schema: null }],
    },
    {
      method: 'put',
      path: '/api/faults/{activity}',
      summary: 'Inject faults into an activity.',
      body: FaultBody,
      answers: ok(Fault),
      refusals: [...BODY, 404],
    },
    {
      method: 'post',
      path: '/api/faults/crash',
      summary: 'End the process at once, as a crash would: no answer comes.',
      answers: [{ status: 204, schema: null }],
    },
  ];
}
