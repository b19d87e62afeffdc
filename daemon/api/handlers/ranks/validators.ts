import { pageOf } from '../../../../protocol/primitives/index.ts'
import type { Address, Page, PageRequest } from '../../../../protocol/primitives/index.ts'
import { hundredths, isBorneOut, validatorRank, validatorRule } from '../../../../protocol/payouts/index.ts'
import type { ValidatorRankView } from '../../contract/index.ts'
import { meantDatanets, valuesIn } from './evidence.ts'
import type { Parts } from './evidence.ts'

interface Count {
  borneOut: number
  refuted: number
  missed: number
  open: number
  doubleVotes: number
}

const inWords = ({ borneOut, refuted, missed, doubleVotes }: Count): string => {
  const rank = hundredths(validatorRank({ borneOut, refuted, missed, doubleVotes }))
  if (doubleVotes > 0) return `voted twice: ${rank}`
  return `surely at least ${rank}: ${borneOut} of ${borneOut + refuted} borne out, ${missed} missed`
}

/** Validators by what came later, in one Datanet or in all that are followed here. */
export async function validatorRanksOf(
  parts: Parts,
  { datanet, ...page }: PageRequest & { readonly datanet?: string | undefined }
): Promise<Page<ValidatorRankView> & { readonly rule: string }> {
  const counts = new Map<Address, Count>()
  const of = (validator: Address): Count => {
    const known = counts.get(validator) ?? { borneOut: 0, refuted: 0, missed: 0, open: 0, doubleVotes: 0 }
    counts.set(validator, known)
    return known
  }
  for (const { id } of await meantDatanets(parts, datanet)) {
    const values = await valuesIn(parts, id)
    for await (const { contributor, accepted, judged, validators } of parts.data.decisions(id)) {
      const value = accepted ? (values.get(contributor) ?? null) : null
      for (const { validator, accept, present } of validators) {
        const count = of(validator)
        const borneOut = accept === null ? undefined : judged ? accept === accepted : isBorneOut(accept, value)
        if (!present) count.missed++
        else if (borneOut === undefined) count.open++
        else if (borneOut) count.borneOut++
        else count.refuted++
      }
    }
    for (const { validator } of await parts.data.doubleVotes(id)) of(validator).doubleVotes++
  }
  const ranked = [...counts]
    .map(([validator, count]) => ({ validator, count, rank: validatorRank(count) }))
    .sort((a, b) => (a.rank === b.rank ? (a.validator < b.validator ? -1 : 1) : a.rank < b.rank ? 1 : -1))
  const views = ranked.map(({ validator, count, rank }, at): ValidatorRankView => ({
    validator,
    place: at + 1,
    rank: rank.toString(),
    formula: inWords(count),
    ...count
  }))
  return { ...pageOf(views, page, ({ validator }) => validator), rule: validatorRule }
}
