/** The OpenAPI document of an app, and its answers held against it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { bodyOf, type HttpFixture } from '../http-fixture.ts';

export interface Schema {
  readonly [name: string]: unknown;
}
interface OperationView {
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly parameters: readonly { readonly name: string; readonly schema: Schema }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>
  >;
}
export interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationView>>>>;
  readonly components: { readonly schemas: { readonly Problem: Schema } };
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

/** An app with what its document says of it. */
export interface DocumentedApi {
  readonly http: HttpFixture;
  readonly document: Document;
  /** Operations whose answers were looked at, such as `GET /api/stats`. */
  readonly seen: Set<string>;
}

export async function documentedApi(http: HttpFixture): Promise<DocumentedApi> {
  const answer = await http.send('GET', '/api/openapi.json');
  return { http, document: (await answer.json()) as Document, seen: new Set() };
}

/** Every operation in the document. */
export function operationsOf({ document }: DocumentedApi): readonly string[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Every route of the app that a document must have. */
export function routesOf({ http }: DocumentedApi): readonly string[] {
  const routes = http.app.routes
    .filter(({ path, method }) => method !== 'ALL' && isApi(path))
    .map(({ path, method }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
  return [...new Set(routes)];
}

/** The schemas of every body, parameter and answer. */
export function schemasOf({ document }: DocumentedApi): readonly Schema[] {
  return Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ requestBody, parameters, responses }) =>
      [
        ...Object.values(requestBody?.content ?? {}),
        ...parameters,
        ...Object.values(responses).flatMap(({ content }) => Object.values(content ?? {})),
      ].map(({ schema }) => schema),
    ),
  );
}

export function bodySchema({ document }: DocumentedApi, path: string): Schema {
  const post = document.paths[path]?.['post'];
  return post?.requestBody?.content['application/json']?.schema ?? { not: {} };
}

/** Asks with the path's parameter, or a query, filled in; checks status and body. */
export async function expectAnswer(
  { http, document, seen }: DocumentedApi,
  method: string,
  path: string,
  status: number,
  filled = '',
  body?: object,
): Promise<Record<string, unknown>> {
  seen.add(`${method} ${path}`);
  const isParameter = path.includes('{');
  const address = isParameter ? path.replace(/\{\w+\}/, filled) : `${path}${filled}`;
  const response = await http.send(method, withQueryLast(address), body);
  expect([method, address, response.status]).toEqual([method, address, status]);
  const answer = document.paths[path]?.[method.toLowerCase()]?.responses[String(status)];
  if (answer === undefined) throw new Error(`${method} ${path}: ${status} is not in the document`);
  if (answer.content === undefined) return {};
  const [mediaType = '', media] = Object.entries(answer.content)[0] ?? [];
  expect(response.headers.get('content-type')?.split(';')[0]).toBe(mediaType);
  if (mediaType === 'text/plain') return {};
  const given = await bodyOf(response);
  const schema =
    mediaType === 'application/problem+json'
      ? document.components.schemas.Problem
      : (media?.schema ?? {});
  const isValid = ajv.compile(schema);
  isValid(given);
  expect({ method, address, errors: isValid.errors }).toEqual({ method, address, errors: null });
  return given;
}

export async function expectFeed({ http, document, seen }: DocumentedApi): Promise<void> {
  seen.add('GET /api/transitions');
  const response = await http.app.request('/api/transitions?since=0');
  const stream: ReadableStream<Uint8Array> | null = response.body;
  const [first] = (await stream
    ?.getReader()
    .read()
    .then(({ value }) => new TextDecoder().decode(value).split('\n\n'))) ?? [''];
  const message: unknown = JSON.parse(/^data: (.*)$/m.exec(first ?? '')?.[1] ?? 'null');
  const schema =
    document.paths['/api/transitions']?.['get']?.responses['200']?.content?.['text/event-stream'];
  expect(ajv.validate(schema?.schema ?? false, message)).toBe(true);
}

/** Pages, their forms and files are no API. */
function isApi(path: string): boolean {
  if (path.startsWith('/saga/actions') || path === '/saga') return false;
  return /^\/(api|saga|metrics|inspect|ws\/transitions)(\/|$)/.test(path);
}

/** The query of a filled-in parameter belongs behind the whole path. */
function withQueryLast(address: string): string {
  const [, before = address, query = '', after = ''] =
    /^([^?]*)(\?[^/]*)?(.*)$/.exec(address) ?? [];
  return `${before}${after}${query}`;
}
