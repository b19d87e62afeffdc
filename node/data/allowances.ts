import { checkAllowance, outcomeOf, ownRows, uploadEpoch } from '../../protocol/data/index.ts'
import type { AllowanceFinding, DatanetRules, PastUpload, UploadContext } from '../../protocol/data/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import type { Book, ContributionRecord } from './book/index.ts'

type Place = Pick<ContributionRecord, 'datanet' | 'contributor' | 'index' | 'block'>
type Limits = Pick<DatanetRules, 'uploadsPerContributor' | 'uploads'>

/** What there is to count of a contribution's author, and of all newcomers, before it: from chain and certificates. */
export interface Allowances {
  /** Commitments of its author before it; counted as far as the rules look. */
  uploads(place: Omit<Place, 'block'>, rules: Limits): Promise<number>
  /** Whether the chain alone shows that it is beyond its author's allowance. */
  isBeyond(place: Omit<Place, 'block'>, rules: Limits): Promise<boolean>
  /** Undefined where the rules set no limits by epoch. */
  context(place: Place, rules: Limits): Promise<UploadContext | undefined>
  /** Whether it may be accepted at all, by what its reveal says. */
  find(place: Place, rules: Limits, file: { readonly rows: number; readonly bytes: number }): Promise<AllowanceFinding>
}

export function createAllowances(
  book: Pick<Book, 'at' | 'contributionsBy' | 'listing' | 'uploads' | 'verdict'>
): Allowances {
  async function pastUpload(
    { id, contributor, block, state }: ContributionRecord,
    limits: NonNullable<Limits['uploads']>
  ): Promise<PastUpload> {
    const epoch = uploadEpoch(limits, block)
    // Only what a quorum decided is the same for everybody; what came to nothing counts as an upload and no more.
    if (state.name !== 'accepted' && state.name !== 'rejected')
      return { contributor, epoch, rows: 0, bytes: 0, fate: 'none', own: 0 }
    const { rows, bytes, cid } = state.statements.reveal.message
    const verdict = state.name === 'accepted' ? await book.verdict(id) : undefined
    const taken = verdict === undefined ? [] : ownRows(verdict)
    // Who runs no checks knows no better than that all of them were taken.
    const isKnown =
      state.name === 'accepted' && outcomeOf({ contribution: id, cid, own: taken }, true) === state.certificate.outcome
    const own = state.name === 'rejected' ? 0 : isKnown ? taken.length : rows
    return { contributor, epoch, rows, bytes, fate: state.name, own }
  }

  const allowances: Allowances = {
    uploads: ({ datanet, contributor, index }, rules) =>
      book.uploads(datanet, contributor, index, rules.uploadsPerContributor),
    isBeyond: async (place, rules) => (await allowances.uploads(place, rules)) >= rules.uploadsPerContributor,
    async context({ datanet, contributor, index, block }, rules) {
      const limits = rules.uploads
      if (limits === undefined) return undefined
      const epoch = uploadEpoch(limits, block)
      const authors = new Set<Address>([contributor])
      // Authorship follows the chain, so an epoch's contributions stand side by side.
      const last = (await book.listing(datanet))?.commitments ?? 0
      for (let at = Math.min(index - 1, last); at > 0; at--) {
        const record = await book.at(datanet, at)
        if (record === undefined || uploadEpoch(limits, record.block) !== epoch) break
        if (record.state.name === 'accepted') authors.add(record.contributor)
      }
      const before: ContributionRecord[] = []
      for (const author of authors)
        before.push(
          ...(await book.contributionsBy(datanet, author, 1, rules.uploadsPerContributor)).filter(
            record => record.index < index
          )
        )
      const past: PastUpload[] = []
      for (const record of before.sort((a, b) => a.index - b.index)) past.push(await pastUpload(record, limits))
      return { contributor, epoch, past }
    },
    find: async (place, rules, file) =>
      checkAllowance(rules, await allowances.uploads(place, rules), await allowances.context(place, rules), file)
  }
  return allowances
}
