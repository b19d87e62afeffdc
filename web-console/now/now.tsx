import { useState } from 'react'
import type { Stage } from '../../protocol/flow.ts'
import { useCall } from '../api/index.ts'
import { Page as Frame, Read } from '../parts/index.ts'
import { useNames } from '../parts/who.tsx'
import { Doors } from './doors.tsx'
import { Fees } from './fees.tsx'
import { useGrains } from './grains.ts'
import { FlowPicture } from './picture.tsx'
import { leadOf, liveliest, titleOf } from './sentence.ts'
import { StagePanel } from './stage-panel.tsx'

/** What the network does now: the flow as one picture, then three doors. */
export function Page() {
  const status = useCall('status')
  const flow = useCall('flow')
  const names = useNames()
  const { grains, last } = useGrains()
  const [held, setHeld] = useState<Stage>()
  const stages = flow.data?.stages ?? []
  const at = liveliest(stages)
  // While something goes on the page follows it; then it stays where something happened last.
  const open = held ?? at ?? last ?? 'claim'
  const doing = useCall('flowStage', { stage: at ?? open }, { enabled: at !== undefined, keep: true })
  return (
    <Read from={flow} what="the flow">
      {() => (
        <Frame title={titleOf(stages, at === undefined ? [] : (doing.data?.doing ?? []), names)} lead={leadOf(stages)}>
          <FlowPicture stages={stages} open={open} onOpen={setHeld} grains={grains}>
            <StagePanel stage={open} isHeld={held !== undefined} follow={() => setHeld(undefined)} />
          </FlowPicture>
          {status.data === undefined ? null : <Doors status={status.data} />}
          <Fees />
        </Frame>
      )}
    </Read>
  )
}
