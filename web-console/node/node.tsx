import { useCall } from '../api/index.ts'
import { countText, durationText } from '../formats/index.ts'
import { Facts, Page as Frame, Read } from '../parts/index.ts'

/** This daemon. */
export function Page() {
  const status = useCall('status')
  return (
    <Read from={status} what="how the node stands">
      {({ peers, roles, uptimeSeconds, version }) => (
        <Frame title={`This node talks to ${countText(peers)} peers`}>
          <Facts
            facts={[
              ['Roles', roles.join(', ')],
              ['Up for', durationText(uptimeSeconds)],
              ['Version', version]
            ]}
          />
        </Frame>
      )}
    </Read>
  )
}
