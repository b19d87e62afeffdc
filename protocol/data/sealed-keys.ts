import { z } from 'zod'
import { contentHash } from '../primitives/canonical.ts'
import { address } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'

// The keys beside a private contribution, as they travel; what makes and opens them is `private.ts`.

/** Of a content key that is sealed to an account: a point, the key, a tag. */
const sealedKeyBytes = 33 + 32 + 16

/** A content key as it is sealed to one account. */
export const sealedKey = z
  .string()
  .length(2 + 2 * sealedKeyBytes)
  .regex(/^0x[0-9a-f]*$/)
  .transform(text => text as Hex)

/** Accounts that a contribution is sealed to: a roster, the host and its author. */
export const mostReaders = 102

/** The content key of a shard, for each who may read it. The reveal's salt is its hash, so it is signed with that. */
export const sealedKeys = z.strictObject({
  keys: z
    .array(z.strictObject({ account: address, sealed: sealedKey }))
    .min(1)
    .max(mostReaders)
})
export type SealedKeys = Readonly<z.infer<typeof sealedKeys>>

/** The salt of a private contribution's reveal. Sealed keys are random, so nobody guesses it before it is shown. */
export const saltOfKeys = (sealed: SealedKeys): Hex => contentHash(sealed)
