import { useCall } from '../api/index.ts'
import { useParameter } from '../app/use-place.ts'
import { Facts, Page as Frame, Read } from '../parts/index.ts'

/** One Datanet. */
export function Page() {
  const datanet = useCall('datanet', { id: useParameter('id') })
  return (
    <Read from={datanet} what="the Datanet">
      {({ name, description, licence }) => (
        <Frame title={name} lead={description} phase="data">
          <Facts facts={[['Licence', licence]]} />
        </Frame>
      )}
    </Read>
  )
}
