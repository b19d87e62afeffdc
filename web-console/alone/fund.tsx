import { useState } from 'react'
import { fundingCalls } from 'tilth/client'
import type { Address } from '../../protocol/primitives/hex.ts'
import { Button } from '../parts/button.tsx'
import { Facts, Section } from '../parts/page.tsx'
import { openWallet, sendByWallet } from '../wallets/connect.ts'
import type { Wallet } from '../wallets/discover.ts'
import { useWallets } from '../wallets/use-wallets.ts'
import { Told } from './told.tsx'
import type { PageNetwork } from './use-peer.ts'

/** What is sent at once: enough for a few answers and their channel. */
const amounts = { tokens: 10n * 10n ** 18n, gas: 10n ** 16n } as const

interface FundProps {
  readonly account: Address
  readonly network: PageNetwork
  /** The one in use: a wallet that does not know the chain yet is told of it. */
  readonly rpc: string
  readonly onFunded: () => void
}

/** How money comes to this page's key: from a wallet of this browser, or from anywhere by its address. */
export function Fund({ account, network, rpc, onFunded }: FundProps) {
  const wallets = useWallets()
  const [error, setError] = useState<Error>()
  const [isSending, setSending] = useState(false)

  async function fund(wallet: Wallet): Promise<void> {
    setError(undefined)
    setSending(true)
    try {
      const [from] = await openWallet(wallet)
      if (from === undefined) return
      const { chainId, contracts } = network.chain
      const chain = { id: chainId, rpc, contracts: contracts as Record<string, string> }
      for (const call of fundingCalls(network, account, amounts)) await sendByWallet(from, chain, call)
      onFunded()
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)))
    } finally {
      setSending(false)
    }
  }

  return (
    <Section
      title="It needs some money first"
      note="The key is kept in this browser's storage, unlocked: put no more there than you would carry in a pocket."
    >
      <Facts
        facts={[
          ['Send to', <code key="account">{account}</code>],
          ['Tokens', <code key="tokens">tilth wallet send {account} 10</code>],
          ['Coin for gas', <code key="gas">tilth wallet send {account} 0.01 --coin</code>]
        ]}
      />
      {wallets.map(wallet => (
        <Button key={wallet.id} isDisabled={isSending} onPress={() => void fund(wallet)}>
          Send 10 TILTH and 0.01 coin from {wallet.name}
        </Button>
      ))}
      {error === undefined ? null : <Told error={error} />}
    </Section>
  )
}
