import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { manyText } from '../formats/index.ts'
import { GoButton, Page as Frame, Read } from '../parts/index.ts'

/** What the network does now. */
export function Page() {
  const status = useCall('status')
  return (
    <Read from={status} what="what goes on">
      {({ peers }) => (
        <Frame title={`The network is up, with ${manyText(peers, 'peer')}`}>
          <GoButton to={places.datanets}>Give data</GoButton>
        </Frame>
      )}
    </Read>
  )
}
