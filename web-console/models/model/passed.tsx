import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { places } from '../../app/places.ts'
import { shareText } from '../../formats/index.ts'
import { Go } from '../../parts/index.ts'

const millionths = (amount: string): string => shareText(Number(amount) / 1_000_000)

/** What of each fee goes to the model that this one was grown from, and how far up that goes. */
export function Passed({ model: { split, upstreams } }: { readonly model: BazaarView }) {
  return (
    <>
      {shareText((split.upstream ?? 0) / 10_000)}
      {upstreams.map(({ model, name, toBuilder, toData }) => (
        <span key={model} className="tree-note">
          {'; '}
          {millionths(toBuilder)} to the builder of <Go to={places.model(model)}>{name}</Go>
          {BigInt(toData) === 0n ? null : `, ${millionths(toData)} to its data`}
        </span>
      ))}
    </>
  )
}
