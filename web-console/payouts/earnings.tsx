import { useState } from 'react'
import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useGo, useParameter } from '../app/use-place.ts'
import { amountText, shortId } from '../formats/index.ts'
import {
  Amount,
  Button,
  Facts,
  Failure,
  GoButton,
  Loading,
  Page as Frame,
  Read,
  Section,
  TextField,
  Who
} from '../parts/index.ts'
import { openWallet, useActing, useWallets } from '../wallets/index.ts'
import type { Wallet } from '../wallets/index.ts'
import { ByWork } from './by-work.tsx'
import { OverTime } from './chart.tsx'
import { Claim } from './claim.tsx'
import { Payments } from './payments.tsx'
import { Shares } from './shares.tsx'
import { Waits } from './waits.tsx'
import './earnings.css'

/** What an account earned: that of whom one acts as, or the one that stands in the address. */
export function Page() {
  const id = useParameter('id')
  const status = useCall('status')
  const acting = useActing()
  const account = (id === '' ? (acting?.address ?? status.data?.address) : id)?.toLowerCase()
  return account === undefined ? <Loading what="who this node is" /> : <Earnings key={account} account={account} />
}

function Earnings({ account }: { readonly account: string }) {
  const status = useCall('status')
  const acting = useActing()
  const earnings = useCall('earnings', { account })
  const sum = (earnings.data?.income ?? []).reduce((total, { amount }) => total + BigInt(amount), 0n)
  const isOwn = (acting?.address ?? status.data?.address) === account
  return (
    <Frame
      title={
        earnings.data === undefined
          ? 'What came in, and for what'
          : sum === 0n
            ? 'Nothing came in yet'
            : `${amountText(sum)} came in`
      }
      lead={
        <>
          For <Who account={account} /> by every kind of work. Each sum can be opened down to the answers and rows that
          it comes from.
        </>
      }
      actions={<Claim account={account} />}
      phase="payouts"
    >
      <Read from={earnings} what="what was earned">
        {({ income, payout, balance }) => (
          <>
            <Facts
              facts={[
                ['Came in so far', <Amount key="s" of={sum} />],
                [
                  payout === account ? 'It holds now' : `What ${shortId(payout)} holds now, where it goes`,
                  <Amount key="b" of={balance} />
                ]
              ]}
            />
            <Section title="By kind of work">
              <ByWork income={income} />
            </Section>
          </>
        )}
      </Read>
      <Waits account={account} />
      <OverTime account={account} />
      <Shares account={account} />
      <Payments account={account} />
      <Others isOwn={isOwn} />
    </Frame>
  )
}

/** Anybody's earnings are on chain: a wallet's account, or one that is typed. */
function Others({ isOwn }: { readonly isOwn: boolean }) {
  const [text, setText] = useState('')
  const [error, setError] = useState<Error>()
  const wallets = useWallets()
  const go = useGo()
  const isAccount = /^0x[0-9a-fA-F]{40}$/.test(text.trim())
  const open = async (wallet: Wallet): Promise<void> => {
    setError(undefined)
    try {
      const [account] = await openWallet(wallet)
      if (account !== undefined) go(places.earningsOf(account.address))
    } catch (cause) {
      setError(cause as Error)
    }
  }
  return (
    <Section title="Another account" note="What anybody earned stands on chain, so it can be looked at from here.">
      <form
        className="others"
        onSubmit={event => {
          event.preventDefault()
          if (isAccount) go(places.earningsOf(text.trim().toLowerCase()))
        }}
      >
        <TextField
          label="An account"
          value={text}
          onChange={setText}
          placeholder="0x…"
          fault={text === '' || isAccount ? undefined : 'An account is 0x and 40 digits from 0 to f.'}
        />
        <Button type="submit" isDisabled={!isAccount}>
          Look
        </Button>
        {wallets.map(wallet => (
          <Button key={wallet.id} onPress={() => void open(wallet)}>
            That of {wallet.name}
          </Button>
        ))}
        {isOwn ? null : <GoButton to={places.earnings}>Back to your own</GoButton>}
      </form>
      {error === undefined ? null : <Failure error={error} />}
    </Section>
  )
}
