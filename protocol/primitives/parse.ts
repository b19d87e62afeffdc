import type { z } from 'zod'

/**
 * As `safeParse`, up to the first thing that is wrong: a list of a million wrong elements would otherwise be a million
 * issues, and seconds of work.
 */
const upToFirst: z.core.ParseContextInternal<z.core.$ZodIssue> = { abortEarly: true }
export const parseUpToFirst = <T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> =>
  schema.safeParse(value, upToFirst)
