import type { WorthView } from '../../../daemon/api/contract/data-views.ts'
import type { ContributionView } from '../../../daemon/api/contract/views.ts'
import { useList } from '../../api/index.ts'
import { countText } from '../../formats/index.ts'
import { Amount, Section } from '../../parts/index.ts'

/**
 * A contribution's part of what its account was paid: by its share of the account's rows. Undefined where it is not
 * known here how many those are.
 */
export function partOf({ paid, own }: Pick<WorthView, 'paid' | 'own'>, rows: number | null): bigint | undefined {
  if (own === null || rows === null) return undefined
  return own === 0 ? 0n : (BigInt(paid) * BigInt(rows)) / BigInt(own)
}

/** What this contribution earned so far, and how that is reckoned. */
export function Earned({ view }: { readonly view: ContributionView }) {
  const worth = useList('worth', { id: view.datanet, limit: 1000 })
  const mine = worth.items?.find(({ account }) => account === view.contributor)
  if (mine === undefined) return null
  const part = partOf(mine, view.own)
  if (part === undefined || view.own === null || mine.own === null)
    return (
      <Section title="What it earned so far">
        <p className="section-note">
          Its account was paid <Amount of={mine.paid} /> here. How much of that is this contribution’s goes by rows that
          count, and only who reads them knows how many do.
        </p>
      </Section>
    )
  return (
    <Section title="What it earned so far">
      <p className="earned">
        <b>
          <Amount of={part} />
        </b>{' '}
        is its part of the <Amount of={mine.paid} /> that its account was paid here.
      </p>
      <p className="rank-calc mono">
        {countText(view.own)} of the account’s {countText(mine.own)} accepted rows
      </p>
      <p className="section-note">
        Epochs pay accounts, not files: what an answer owes is measured for all rows of an account together. This part
        is by number of rows, to show where it comes from.
      </p>
    </Section>
  )
}
