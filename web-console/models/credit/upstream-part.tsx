import type { UpstreamPartView } from '../../../daemon/api/contract/views.ts'
import { places } from '../../app/places.ts'
import { Amount, Go } from '../../parts/index.ts'

/** What of an answer's fee goes to a model that the one that answered was grown from. */
export function UpstreamPart({ part }: { readonly part: UpstreamPartView }) {
  const { model, datanet, toBuilder, toData } = part
  return (
    <>
      <Amount of={toBuilder} /> to <Go to={places.model(model)}>its builder</Go>
      {datanet === null || BigInt(toData) === 0n ? null : (
        <>
          , <Amount of={toData} /> to <Go to={places.datanet(datanet)}>its data</Go>
        </>
      )}
    </>
  )
}
