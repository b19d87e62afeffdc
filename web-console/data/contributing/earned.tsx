import type { WorthView } from '../../../daemon/api/contract/data-views.ts'
import type { ContributionView } from '../../../daemon/api/contract/views.ts'
import { useList } from '../../api/index.ts'
import { countText } from '../../formats/index.ts'
import { Amount, Section } from '../../parts/index.ts'

/** A contribution's part of what its account was paid: by its share of the account's rows. */
export const partOf = ({ paid, own }: Pick<WorthView, 'paid' | 'own'>, rows: number): bigint =>
  own === 0 ? 0n : (BigInt(paid) * BigInt(rows)) / BigInt(own)

/** What this contribution earned so far, and how that is reckoned. */
export function Earned({ view }: { readonly view: ContributionView }) {
  const worth = useList('worth', { id: view.datanet, limit: 1000 })
  const mine = worth.items?.find(({ account }) => account === view.contributor)
  if (mine === undefined) return null
  return (
    <Section title="What it earned so far">
      <p className="earned">
        <b>
          <Amount of={partOf(mine, view.own)} />
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
