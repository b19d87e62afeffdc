import type { Handlers } from '../../server/index.ts'
import { ranksOf } from './contributors.ts'
import type { Parts } from './evidence.ts'
import { validatorRanksOf } from './validators.ts'

export { ranksOf, validatorRanksOf }

/** Who leads, by rules whose arithmetic stands beside each number. */
export const rankHandlers = (parts: Parts): Pick<Handlers, 'ranks' | 'validatorRanks'> => ({
  ranks: ({ params }) => ranksOf(parts, params),
  validatorRanks: ({ params }) => validatorRanksOf(parts, params)
})
