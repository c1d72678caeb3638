/**
 * What a page of the dashboard is: one value with its address, its place in the navigation, its live
 * parts, its content, and what its forms send to.
 *
 * The server renders it whole at its address and keeps it live over one socket, both from the same
 * `groups`. Paths begin with `/` and are the server's own, whatever prefix it is mounted under.
 */
import type { Hono } from 'hono';
import type { Html } from './dashboard/frame/html.ts';
import type { HttpEnv } from './http-env.ts';
import type { RegionGroup } from './live/page-region.ts';

/** Gives the content of a live part, by the id of the element that it is put into. */
export type Place = (id: string) => Html;

/** A page as one looks at it. */
export interface PageView {
  readonly title: string;
  /** What is inside of the frame. Each live part stands in an element with its id. */
  content(place: Place): Html;
  /** What `groups` is asked with, now and by the page's socket. Default: the address's own query. */
  readonly query?: URLSearchParams;
  /** False: it stands still, as a past turn of a saga does. Default true. */
  readonly isLive?: boolean;
  /** Default 200. */
  readonly status?: 200 | 404;
}

/** Where a page is, what is live on it, and what its forms send to. */
export interface PageAddress {
  /** As Hono writes it, such as `/sagas/:id`. Unique among the pages of a server. */
  readonly path: string;
  /** Its name in the navigation. Default: it is not there. */
  readonly nav?: string;
  /** Path of the page that it follows in the navigation. Default: in the order of the pages. */
  readonly navAfter?: string;
  /** Path of the page that is marked in the navigation while this one is shown. Default: its own. */
  readonly under?: string;
  /**
   * The live parts, by the query of the address, where parameters of the path stand too. Throws
   * `query-invalid`.
   */
  groups(query: URLSearchParams): readonly RegionGroup[];
  /** Where its forms are sent, with whole paths. What it throws is told in the page. */
  readonly actions?: Hono<HttpEnv>;
}

/** A page that is the same for everybody, or one that is looked up by its address first. */
export type Page = PageAddress & (PageView | PageLookup);

/** A page that its address leads to. */
export interface PageLookup {
  /**
   * The page at an address. Throws what is then answered instead.
   *
   * @param query of the address, where parameters of the path stand too
   * @param server the address of the server's root as the client knows it, such as
   *   `http://127.0.0.1:3000/ops`
   */
  look(query: URLSearchParams, server: string): PageView | Promise<PageView>;
}
