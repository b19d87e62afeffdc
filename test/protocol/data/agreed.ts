import type { CommitmentTerms } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

/** What a commitment names besides its content, where nothing is locked with it: rules, and no hurry. */
export const agreedTo = (rules: Hex = keccak('rules')): CommitmentTerms => ({
  rules,
  deadline: 1n << 40n,
  bond: 0n,
  bondSeconds: 0n
})
