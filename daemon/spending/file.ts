import { z } from 'zod'
import { TilthError } from '../../protocol/primitives/index.ts'
import { keyScopes } from '../api/contract/keys.ts'
import type { KeyScope } from '../api/contract/keys.ts'
import { readIfThere, writePrivate } from '../private-file.ts'
import { emptyTally } from '../../protocol/models/index.ts'
import type { Tally } from '../../protocol/models/index.ts'

/** Keys of one daemon, and questions of one payer that are under way. */
export const mostKeys = 256
export const mostHeld = 4_096

const money = z
  .string()
  .regex(/^[0-9]{1,40}$/)
  .transform(BigInt)
const day = z.int().min(0)
const tally = z.strictObject({
  day,
  spent: money,
  total: money,
  held: z.array(z.strictObject({ id: z.string().max(40), day, amount: money })).max(mostHeld)
})
const storedKey = z.strictObject({
  name: z.string().min(1).max(40),
  /** SHA-256 of the key: who reads this file can ask by nothing of it. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  madeAt: z.int(),
  /** Of an older version, keys that may ask. */
  scopes: z.array(z.enum(keyScopes)).max(keyScopes.length).default(['ask']),
  perRequest: money.nullable(),
  perDay: money.nullable(),
  tally
})
const form = z.strictObject({
  version: z.literal(1),
  own: tally,
  paid: tally.optional(),
  keys: z.array(storedKey).max(mostKeys)
})

export interface KeyRecord {
  readonly name: string
  readonly hash: string
  /** Milliseconds since 1970. */
  readonly madeAt: number
  readonly scopes: readonly KeyScope[]
  readonly perRequest: bigint | null
  readonly perDay: bigint | null
  readonly tally: Tally
}
export interface SpendingState {
  /** What the daemon spent for whoever asked, its keys included. */
  readonly own: Tally
  /** What was paid otherwise, by call. */
  readonly paid: Tally
  readonly keys: readonly KeyRecord[]
}

const tallyOf = ({ held, ...rest }: z.output<typeof tally>): Tally => ({
  ...rest,
  held: new Map(held.map(({ id, ...hold }) => [id, hold]))
})
const tallyText = ({ day, spent, total, held }: Tally): z.input<typeof tally> => ({
  day,
  spent: spent.toString(),
  total: total.toString(),
  held: [...held].map(([id, hold]) => ({ id, day: hold.day, amount: hold.amount.toString() }))
})

/**
 * What was spent, as the file has it; undefined where there is none yet.
 * @throws TilthError `budget.file`: without it nobody knows what keys may still spend
 */
export async function readSpending(path: string): Promise<SpendingState | undefined> {
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  try {
    const { own, paid, keys } = form.parse(JSON.parse(text))
    return {
      own: tallyOf(own),
      paid: paid === undefined ? emptyTally : tallyOf(paid),
      keys: keys.map(key => ({ ...key, tally: tallyOf(key.tally) }))
    }
  } catch (cause) {
    throw new TilthError('budget.file', `${path} cannot be read: it says what keys of the API may spend`, {
      help: 'Put back a copy of it, or delete it: then keys have to be made anew.',
      consequence: 'fatal',
      cause
    })
  }
}

/** On disk when it resolves, whole or as it was. */
export const writeSpending = (path: string, { own, paid, keys }: SpendingState): Promise<void> =>
  writePrivate(
    path,
    `${JSON.stringify({
      version: 1,
      own: tallyText(own),
      paid: tallyText(paid),
      keys: keys.map(({ name, hash, madeAt, scopes, perRequest, perDay, tally }) => ({
        name,
        hash,
        madeAt,
        scopes: [...scopes],
        perRequest: perRequest?.toString() ?? null,
        perDay: perDay?.toString() ?? null,
        tally: tallyText(tally)
      }))
    } satisfies z.input<typeof form>)}\n`
  )
