import { z } from 'zod'
import type { Stage } from '../../../protocol/flow.ts'
import { defaultPage, largestPage } from '../../../protocol/primitives/page.ts'
import type { Page } from '../../../protocol/primitives/page.ts'
import type { Json } from './json.ts'

export type Method = 'GET' | 'POST'

/** One entry of the HTTP contract: what server, client, OpenAPI document and tests are made from. */
export interface Route<
  Params extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Reply extends z.ZodType = z.ZodType
> {
  readonly method: Method
  /** Path with `:name` parameters. */
  readonly path: string
  readonly summary: string
  /** The stage of the flow that the call belongs to, or the node itself. */
  readonly stage: Stage | 'node'
  /** Path and query parameters, as strings. */
  readonly params: Params
  readonly body: Body
  /** What goes out, and nothing beside it: the server leaves away what a handler's value has more. */
  readonly reply: Reply
  /** A `text/event-stream` of replies instead of one. */
  readonly stream?: boolean
  /** Of a stream: a reader that comes back goes on where it was, by `Last-Event-ID` or the parameter `after`. */
  readonly resumable?: boolean
  /** The reply is a file, whose bytes come as they are made: of the type that its header says. */
  readonly file?: boolean
  /** No bearer token is asked: for probes and documents. */
  readonly open?: boolean
  /** It belongs to asking: a key that may ask is enough. */
  readonly asking?: boolean
  /** Largest body in bytes; 64 KiB unless said. */
  readonly maxBody?: number
}

/** Bytes of a body where a route says nothing else. */
export const usualBody = 64 << 10

export const none = z.strictObject({})
export const nothing = z.undefined().or(none)

export const route = <
  P extends z.ZodType = typeof none,
  B extends z.ZodType = typeof nothing,
  R extends z.ZodType<Json> = z.ZodType<Json>
>(
  definition: Omit<Route<P, B, R>, 'params' | 'body'> & { params?: P; body?: B }
): Route<P, B, R> => ({
  ...definition,
  params: (definition.params ?? none) as P,
  body: (definition.body ?? nothing) as B
})

/** Which one is meant: an id, as much of one as no other shares, or a name where such things have names. */
export const wanted = z.string().min(1).max(100)
export const named = z.object({ id: wanted })

/** Query parameters of every list. */
export const paged = z.object({
  limit: z.coerce.number<string | number>().int().min(1).max(largestPage).default(defaultPage),
  cursor: z.string().min(1).max(200).optional()
})
/** The reply of every list: `next` is the cursor of the page after, null on the last one. */
export const pageSchema = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item).readonly(), next: z.string().nullable() })

/** Names of a path's `:parameters`. */
export const pathParameters = (path: string): string[] => [...path.matchAll(/:([a-z]+)/gi)].map(match => match[1] ?? '')

export type ParamsOf<R> = R extends Route<infer P> ? z.input<P> : never
export type ParsedParamsOf<R> = R extends Route<infer P> ? z.output<P> : never
export type BodyOf<R> = R extends Route<z.ZodType, infer B> ? z.input<B> : never
export type ParsedBodyOf<R> = R extends Route<z.ZodType, infer B> ? z.output<B> : never
/** The item of a route whose reply is a page. */
export type ItemOf<R> = ReplyOf<R> extends Page<infer T> ? T : never
export type ReplyOf<R> = R extends Route<z.ZodType, z.ZodType, infer T> ? z.output<T> : never
