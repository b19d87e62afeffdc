import { useState } from 'react'
import type { NetworkView, ReachStatus } from '../../daemon/api/contract/index.ts'
import { phases, titleOf } from '../../protocol/flow.ts'
import { useCall } from '../api/index.ts'
import { manyText } from '../formats/index.ts'
import { Empty, Facts, Id, Read, Section, Table, When, Who, useNames } from '../parts/index.ts'
import { Graph } from './graph.tsx'
import { Reach } from './reach.tsx'
import { rolesText } from './roles.ts'

/** Whom this node knows, who is connected to whom, and whether others can dial it. */
export function Network({ reach }: { readonly reach: ReachStatus }) {
  const network = useCall('network')
  return (
    <>
      <Section
        title="Who is connected to whom"
        note="This node measures its own connections; what stands between others is what they say of themselves."
      >
        <Read from={network} what="the network">
          {view =>
            view.peers.length === 0 ? (
              <Empty title="Nobody is connected. It goes on looking for the nodes that it knows.">
                Nodes to join by stand in the settings, under Network.
              </Empty>
            ) : (
              <Known network={view} />
            )
          }
        </Read>
      </Section>
      <Reach reach={reach} />
    </>
  )
}

function unknownText({ silent, leftOut }: NetworkView): string {
  const parts = [
    silent === 0 ? '' : `${manyText(silent, 'peer has', 'peers have')} not said whom they are connected to.`,
    leftOut.peers === 0 ? '' : `${manyText(leftOut.peers, 'more peer')} would not fit into one picture.`
  ]
  return parts.filter(part => part !== '').join(' ')
}

function Known({ network }: { readonly network: NetworkView }) {
  const names = useNames()
  const [chosen, setChosen] = useState(network.self.peerId)
  const unknown = unknownText(network)
  return (
    <>
      <div className="network">
        <Graph network={network} names={names} chosen={chosen} onChoose={setChosen} />
        <div className="network-one">
          <One network={network} chosen={chosen} name={names} />
        </div>
        <ul className="network-key" aria-label="What the colours mean">
          {phases.map(phase => (
            <li key={phase} data-phase={phase}>
              {titleOf(phase)}
            </li>
          ))}
          <li>you</li>
        </ul>
      </div>
      {unknown === '' ? null : <p className="section-note">{unknown}</p>}
      <Table
        label="Peers, the same as the picture shows"
        items={network.peers}
        keyOf={({ peerId }) => peerId}
        columns={[
          { name: 'Peer', cell: ({ address }) => <Who account={address} /> },
          { name: 'Roles', cell: ({ roles }) => rolesText(roles) },
          {
            name: 'Connected',
            cell: ({ way, since }) => (way === null ? 'not to this node' : <Way way={way} since={since} />)
          },
          { name: 'Others', number: true, cell: ({ connected }) => (connected === null ? 'not said' : connected) },
          { name: 'Latency', number: true, cell: ({ ms }) => (ms === null ? 'not measured' : `${ms} ms`) }
        ]}
      />
    </>
  )
}

function Way({ way, since }: { readonly way: 'direct' | 'relay'; readonly since: number | null }) {
  return (
    <span>
      {way === 'direct' ? 'directly' : 'through a relay'}
      {since === null ? null : (
        <>
          , <When at={since} />
        </>
      )}
    </span>
  )
}

function One({
  network: { self, peers, links },
  chosen,
  name
}: {
  readonly network: NetworkView
  readonly chosen: string
  readonly name: (account: string) => string
}) {
  const peer = peers.find(({ peerId }) => peerId === chosen)
  const known = links.filter(({ from, to }) => from === chosen || to === chosen).length
  if (peer === undefined)
    return (
      <>
        <h3>{name(self.address)}, this node</h3>
        <Facts
          facts={[
            ['Roles', rolesText(self.roles)],
            ['Connected to', manyText(known, 'peer')],
            ['Account', <Id key="account" id={self.address} />],
            ['PeerId', <Id key="peer" id={self.peerId} />]
          ]}
        />
      </>
    )
  return (
    <>
      <h3>{name(peer.address)}</h3>
      <Facts
        facts={[
          ['Roles', rolesText(peer.roles)],
          ['Connected', peer.way === null ? 'not to this node' : <Way key="way" way={peer.way} since={peer.since} />],
          ['Latency', peer.ms === null ? 'not measured' : `${peer.ms} ms there and back`],
          ['Connections known', String(known)],
          ['Account', <Id key="account" id={peer.address} />],
          ['PeerId', <Id key="peer" id={peer.peerId} />]
        ]}
      />
    </>
  )
}
