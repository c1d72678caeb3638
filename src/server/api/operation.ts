/**
 * What the OpenAPI document knows of a route.
 */
import { z } from 'zod';
import { pageOfItems } from './answer-parts.ts';

/** One method of one path. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With its parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  /** Headers by name, each optional. */
  readonly headers?: Readonly<Record<string, z.ZodType>>;
  readonly body?: z.ZodType;
  readonly answers: readonly Answer[];
  /** Refusals of its own, beside those that every route has. */
  readonly refusals?: readonly number[];
}

/** `schema` null: no body. */
export interface Answer {
  readonly status: number;
  readonly schema: z.ZodType | null;
  /** Default `application/json`. */
  readonly mediaType?: string;
}

/** 200 with such a body. */
export const ok = (schema: z.ZodType): readonly Answer[] => [{ status: 200, schema }];
/** 202 with such a body. */
export const accepted = (schema: z.ZodType): readonly Answer[] => [{ status: 202, schema }];
/** 200 with a page of such items. */
export const list = (item: z.ZodType): readonly Answer[] => ok(pageOfItems(item));
/** 200 with a text. */
export const plain = (mediaType: string): readonly Answer[] => [
  { status: 200, schema: z.string(), mediaType },
];
/** How a body is refused. */
export const BODY = [400, 413, 415, 422];
