/** A `fetch` over an app in this process that holds every request and answer against the document. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { HttpFixture } from '../server/http-fixture.ts';
import { type Document, documentedApi, operationsOf } from '../server/api/documented-answers.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

export interface WatchedFetch {
  readonly fetch: typeof globalThis.fetch;
  /** Every operation in the document. */
  readonly operations: readonly string[];
  /** Those that were asked for. */
  readonly seen: ReadonlySet<string>;
}

export async function watchedFetch(http: HttpFixture): Promise<WatchedFetch> {
  const api = await documentedApi(http);
  const operations = operationsOf(api);
  const seen = new Set<string>();
  return {
    operations,
    seen,
    fetch: async (url, init = {}) => {
      const { pathname, search } = new URL(url instanceof Request ? url.url : url);
      const operation = operations.find((each) => isOf(each, init.method ?? 'GET', pathname));
      if (operation === undefined) throw new Error(`${init.method} ${pathname} is no operation`);
      seen.add(operation);
      const named = parametersOf(api.document, operation);
      for (const name of new URLSearchParams(search).keys()) expect(named).toContain(name);
      hold(bodySchemaOf(api.document, operation), bodyOf(init), `${operation}, its body`);
      const response = await http.app.request(`${pathname}${search}`, init);
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) return response;
      const answer: unknown = await response.clone().json();
      hold(answerSchemaOf(api.document, operation, response.status), answer, operation);
      return response;
    },
  };
}

function isOf(operation: string, method: string, pathname: string): boolean {
  const [own, path = ''] = operation.split(' ');
  const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
  return own === method && pattern.test(pathname);
}

function hold(schema: object | undefined, value: unknown, what: string): void {
  const isValid = ajv.compile(schema ?? { const: undefined });
  if (value === undefined && schema === undefined) return;
  isValid(value);
  expect({ what, errors: isValid.errors }).toEqual({ what, errors: null });
}

function bodyOf({ body }: RequestInit): unknown {
  return typeof body === 'string' ? JSON.parse(body) : undefined;
}

type View = NonNullable<Document['paths'][string]>[string];

function viewOf({ paths }: Document, operation: string): View | undefined {
  const [method = '', path = ''] = operation.split(' ');
  return paths[path]?.[method.toLowerCase()];
}

function parametersOf(document: Document, operation: string): readonly string[] {
  return viewOf(document, operation)?.parameters.map(({ name }) => name) ?? [];
}

function bodySchemaOf(document: Document, operation: string): object | undefined {
  return viewOf(document, operation)?.requestBody?.content['application/json']?.schema;
}

function answerSchemaOf(document: Document, operation: string, status: number): object | undefined {
  if (status >= 400) return document.components.schemas.Problem;
  return viewOf(document, operation)?.responses[status]?.content?.['application/json']?.schema;
}
