import { useCall } from '../api/index.ts'
import { useWord } from '../app/use-place.ts'
import { Page as Frame, Read, Tabs } from '../parts/index.ts'
import { Log } from './log.tsx'
import { Network } from './network.tsx'
import { Overview } from './overview.tsx'
import { PauseButton } from './pause.tsx'
import { Servers } from './servers.tsx'
import { SettingsForm } from './settings.tsx'
import { nodeLead, nodeTitle } from './title.ts'

/** This daemon: whether it earns, whom it knows, what it holds, what it said, and how it is set. */
export function Page() {
  const status = useCall('status')
  const machine = useCall('machine')
  const [view, setView] = useWord('view')
  return (
    <Read from={status} what="how the node stands">
      {now => (
        <Frame
          wide
          title={nodeTitle(now, machine.data)}
          lead={nodeLead(now)}
          actions={now.roles.includes('worker') ? <PauseButton away={now.away} /> : null}
        >
          <Tabs
            label="Views of this node"
            selected={view}
            onSelect={setView}
            views={[
              { key: 'overview', name: 'Overview', content: <Overview status={now} machine={machine} /> },
              { key: 'network', name: 'Network', content: <Network reach={now.reach} /> },
              { key: 'servers', name: 'Servers', content: <Servers /> },
              { key: 'log', name: 'Log', content: <Log /> },
              { key: 'settings', name: 'Settings', content: <SettingsForm /> }
            ]}
          />
        </Frame>
      )}
    </Read>
  )
}
