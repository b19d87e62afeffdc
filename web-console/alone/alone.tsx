import { useEffect, useState } from 'react'
import type { Address } from '../../protocol/primitives/hex.ts'
import { Amount } from '../parts/amount.tsx'
import { Button } from '../parts/button.tsx'
import { TextField } from '../parts/fields.tsx'
import { Facts, Page, Section } from '../parts/page.tsx'
import { Empty, Loading } from '../parts/states.tsx'
import { Ask } from './ask.tsx'
import { FindModel } from './find-model.tsx'
import { Fund } from './fund.tsx'
import { namedRpc, nameRpc } from './key.ts'
import { GiveBack } from './give-back.tsx'
import { OwnKey } from './own-key.tsx'
import { Told } from './told.tsx'
import { readNetwork, usePeer } from './use-peer.ts'
import type { PageNetwork } from './use-peer.ts'
import './alone.css'

/** A browser tab that is a peer: it finds offers, pays from a key of its own and checks receipts, with no daemon. */
export function Alone() {
  const peer = usePeer()
  const { tilth, balance, offers, isLooking, error, join, look } = peer
  const [network, setNetwork] = useState<PageNetwork>()
  const [missing, setMissing] = useState<Error>()
  const [rpc, setRpc] = useState('')
  const [first, setFirst] = useState('')

  useEffect(() => {
    readNetwork().then(
      read => {
        const rpc = read.chain.pageRpc ?? read.chain.rpc ?? namedRpc()
        setNetwork(read)
        setRpc(rpc)
        if (rpc !== '' && read.bootstrap.length > 0) void join(read, rpc, [])
      },
      (cause: unknown) => {
        setMissing(cause instanceof Error ? cause : new Error(String(cause)))
      }
    )
  }, [join])

  function begin(): void {
    if (network === undefined) return
    nameRpc(rpc)
    void join(network, rpc, first === '' ? [] : [first])
  }

  const registry = network?.chain.contracts['registry']
  return (
    <Page
      title="Ask from this page alone"
      lead={
        'This tab is a peer of the network: it finds who answers, pays with a key of its own, and checks what it ' +
        'pays for. No daemon is asked, and none is trusted.'
      }
    >
      {missing === undefined ? null : <Told error={missing} />}
      {error === undefined ? null : <Told error={error} />}
      {network === undefined || tilth !== undefined ? null : (
        <Section title="The network" note="The chain's RPC is believed in what it says of the chain.">
          <div className="alone-form">
            <TextField label="RPC of the chain" value={rpc} onChange={setRpc} />
            <TextField
              label="A node to begin with"
              note="A multiaddr by WebSocket or WebRTC, if network.json names none that runs."
              value={first}
              onChange={setFirst}
            />
            <Button isDisabled={rpc === ''} onPress={begin}>
              Join
            </Button>
          </div>
        </Section>
      )}
      {network === undefined || tilth !== undefined || error !== undefined ? null : <Loading what="the network" />}
      {tilth === undefined || balance === undefined || network === undefined ? null : (
        <>
          <Section
            title="This page’s account"
            note={
              `Its key and money belong to ${location.origin} in this browser: under another name or port this page ` +
              'has another account. Without the key nothing comes back.'
            }
            actions={<Button onPress={() => void look()}>Look again</Button>}
          >
            <Facts
              facts={[
                ['Account', <code key="account">{tilth.account}</code>],
                ['Has', <Amount key="tokens" of={balance.tokens} />],
                ['In channels', <Amount key="deposited" of={balance.deposited} />],
                ['Nodes connected', String(tilth.peers().length)]
              ]}
            />
            <OwnKey />
          </Section>
          {balance.tokens > 0n && balance.gas > 0n ? null : (
            <Fund account={tilth.account} network={network} rpc={rpc} onFunded={() => void look()} />
          )}
          <FindModel onLook={name => void look(name)} isLooking={isLooking} />
          {offers.length > 0 ? (
            <Ask
              tilth={tilth}
              offers={offers}
              network={{ chainId: network.chain.chainId, registry: String(registry).toLowerCase() as Address }}
              onPaid={() => void look()}
            />
          ) : isLooking ? (
            <Loading what="offers" />
          ) : (
            <Empty title="Nobody offers such a model that this page can reach">
              A worker has to listen by WebSocket or WebRTC. Where a name is looked for, it has to be the whole of it.
            </Empty>
          )}
          {balance.tokens + balance.deposited === 0n ? null : (
            <GiveBack tilth={tilth} balance={balance} onChange={() => void look()} />
          )}
        </>
      )}
    </Page>
  )
}
