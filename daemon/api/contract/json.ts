import { z } from 'zod'

/** What JSON holds. Replies are made of nothing else, so that a schema of one with a bigint in it does not compile. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json }

/** A field whose form is somebody else's: a statement's content, what a contract was called with. */
export const json = z.custom<Json>()
/** The same by names. */
export const jsonFields = z.record(z.string(), json)

/** As the API sends it: wide integers as decimal text. */
export const plainText = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))

export const plain = (value: unknown): Json => JSON.parse(plainText(value)) as Json
/** Of an object: its fields. */
export const plainFields = (value: object): Record<string, Json> => JSON.parse(plainText(value)) as Record<string, Json>
