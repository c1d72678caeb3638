/**
 * The OpenAPI 3.1 document, made of the table of operations and the schemas that requests are
 * checked with.
 */
import { z } from 'zod';
import { Problem } from './answers.ts';
import type { Answer, Operation } from './operation.ts';

type Json = Readonly<Record<string, unknown>>;

/** What any route may answer: no token, foreign host or origin, too many requests, not ready. */
const COMMON_REFUSALS = [401, 403, 421, 429, 500, 503];
const PROBLEM = { $ref: '#/components/schemas/Problem' };

/**
 * The document of a server mounted at `prefix`. Throws when a schema cannot be shown as JSON Schema.
 */
export function openApiOf(operations: readonly Operation[], prefix: string): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method] = operationView(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Backstep',
      version: '1',
      description:
        'Times are ISO 8601 UTC with milliseconds. A 429 or 503 says in Retry-After when to ' +
        'come back. A request that changes something may be sent again with the same key.',
    },
    ...(prefix === '' ? {} : { servers: [{ url: prefix }] }),
    paths,
    components: {
      schemas: { Problem: jsonSchema(Problem, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    // Needed where the server has a token; on loopback there may be none.
    security: [{}, { token: [] }],
  };
}

function operationView(operation: Operation): Json {
  const { summary, body, answers, refusals = [] } = operation;
  const statuses = new Set([...COMMON_REFUSALS, ...refusals]);
  return {
    summary,
    parameters: parametersOf(operation),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(body, 'input') } },
          },
        }),
    responses: {
      ...Object.fromEntries(answers.map((answer) => [answer.status, answerView(answer)])),
      ...Object.fromEntries(
        [...statuses]
          .toSorted((one, other) => one - other)
          .map((status) => [status, refusalView(status)]),
      ),
    },
  };
}

function parametersOf({ path, query, headers = {} }: Operation): readonly Json[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const parameters: Readonly<Record<string, z.core.$ZodType>> = query?.shape ?? {};
  const inQuery = Object.entries(parameters).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    // As it is read: a number is a number, although it comes as digits.
    schema: jsonSchema(schema, 'output'),
  }));
  const inHeaders = Object.entries(headers).map(([name, schema]) => ({
    name,
    in: 'header',
    required: false,
    schema: jsonSchema(schema, 'input'),
  }));
  return [...inPath, ...inQuery, ...inHeaders];
}

function answerView({ status, schema, mediaType = 'application/json' }: Answer): Json {
  const description = DESCRIPTIONS[status] ?? 'Done';
  if (schema === null) return { description };
  return { description, content: { [mediaType]: { schema: jsonSchema(schema, 'output') } } };
}

function refusalView(status: number): Json {
  const content = { 'application/problem+json': { schema: PROBLEM } };
  return { description: DESCRIPTIONS[status] ?? 'Refused', content };
}

function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): Json {
  const made = z.toJSONSchema(schema, { io, reused: 'inline', unrepresentable: 'any' });
  const { $schema: _, ...rest } = made;
  return rest;
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  101: 'The WebSocket is open',
  200: 'Done',
  202: 'Accepted: durable, and going on',
  204: 'Done; nothing to say',
  400: 'Malformed: a wrong type, a missing member, a bad parameter',
  401: 'The token is missing or wrong',
  403: 'Another site, or a server that only shows',
  404: 'Not there',
  409: 'Not legal now, or a conflict of keys or versions',
  413: 'Too large',
  415: 'Not JSON in UTF-8',
  421: 'This host name is not served',
  422: 'Well formed but out of range',
  426: 'This is a WebSocket',
  429: 'Too much at once; see Retry-After',
  500: 'Our fault; the log has the reason',
  503: 'Not now; see Retry-After',
};
