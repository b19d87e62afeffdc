import { z } from 'zod'

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
  readonly phase: 'node' | 'data' | 'jobs' | 'models' | 'payouts' | 'openai'
  /** Path and query parameters, as strings. */
  readonly params: Params
  readonly body: Body
  readonly reply: Reply
  /** A `text/event-stream` of replies instead of one. */
  readonly stream?: boolean
  /** No bearer token is asked: for probes and documents. */
  readonly open?: boolean
  /** Largest body in bytes; 64 KiB unless said. */
  readonly maxBody?: number
}

export const none = z.strictObject({})
export const nothing = z.undefined().or(none)

export const route = <
  P extends z.ZodType = typeof none,
  B extends z.ZodType = typeof nothing,
  R extends z.ZodType = z.ZodType
>(
  definition: Omit<Route<P, B, R>, 'params' | 'body'> & { params?: P; body?: B }
): Route<P, B, R> => ({
  ...definition,
  params: (definition.params ?? none) as P,
  body: (definition.body ?? nothing) as B
})

export type ParamsOf<R> = R extends Route<infer P> ? z.input<P> : never
export type ParsedParamsOf<R> = R extends Route<infer P> ? z.output<P> : never
export type BodyOf<R> = R extends Route<z.ZodType, infer B> ? z.input<B> : never
export type ParsedBodyOf<R> = R extends Route<z.ZodType, infer B> ? z.output<B> : never
export type ReplyOf<R> = R extends Route<z.ZodType, z.ZodType, infer T> ? z.output<T> : never
