import { useState } from 'react'
import { useAct, useCall, useEvents } from '../api/index.ts'
import type { ClaimCallView } from '../../daemon/api/contract/earnings.ts'
import type { StatusView } from '../../daemon/api/contract/views.ts'
import { places } from '../app/places.ts'
import { amountText } from '../formats/index.ts'
import { Amount, Button, Confirm, Failure, Go, Id, Notice, Who } from '../parts/index.ts'
import type { Address, Hex } from '../../protocol/primitives/hex.ts'
import { SignerField, sendByWallet } from '../wallets/index.ts'
import type { Signer } from '../wallets/index.ts'
import { moneyCalls } from './touched.ts'

interface Calls {
  readonly contract: string
  readonly payout: string
  readonly items: readonly ClaimCallView[]
}
/** What was sent, and what of it the chain has mined. */
interface Sent {
  readonly amount: string
  readonly transactions: readonly string[]
  readonly mined: readonly string[]
}

/** The node's own claim, or a wallet's: whoever sends it pays the gas, the tokens go to the payout address. */
function useClaim(account: string, chain: StatusView['chain'] | undefined) {
  const byNode = useAct('claim', moneyCalls)
  const [sent, setSent] = useState<Sent>()
  const [error, setError] = useState<Error>()
  const [isBusy, setBusy] = useState(false)
  useEvents(({ name, data }) => {
    if (name !== 'payouts.claimed') return
    const { transaction } = data
    if (typeof transaction === 'string') setSent(now => now && { ...now, mined: [...now.mined, transaction] })
  })
  const claim = async (signer: Signer, { contract, items }: Calls): Promise<boolean> => {
    setBusy(true)
    setError(undefined)
    try {
      if (signer.kind !== 'wallet') {
        const { amount, transactions } = await byNode.mutateAsync({ params: { account } })
        setSent({ amount, transactions, mined: transactions })
      } else if (chain !== undefined) {
        const transactions: string[] = []
        for (const { data } of items)
          transactions.push(await sendByWallet(signer, chain, { to: contract as Address, data: data as Hex }))
        const amount = items.reduce((sum, one) => sum + BigInt(one.amount), 0n).toString()
        setSent({ amount, transactions, mined: [] })
      }
      return true
    } catch (cause) {
      setError(cause as Error)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { claim, sent, error, isBusy }
}

/** One click and a confirmation: what may be claimed now is brought to the payout address. */
export function Claim({ account }: { readonly account: string }) {
  const status = useCall('status')
  const calls = useCall('claimCalls', { account })
  const [isAsked, setAsked] = useState(false)
  const [signer, setSigner] = useState<Signer>({ kind: 'daemon' })
  const { claim, sent, error, isBusy } = useClaim(account, status.data?.chain)
  const total = (calls.data?.items ?? []).reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  return (
    <div className="claim">
      {calls.data === undefined || total === 0n ? null : (
        <Button
          look="main"
          onPress={() => {
            setAsked(true)
          }}
        >
          Claim {amountText(total)}
        </Button>
      )}
      {sent === undefined ? null : <Told sent={sent} />}
      {calls.data === undefined ? null : (
        <Confirm
          title={`Claim ${amountText(total)}?`}
          isOpen={isAsked}
          close={() => {
            setAsked(false)
          }}
          act={isBusy ? 'Sending' : `Claim ${amountText(total)}`}
          isBusy={isBusy || total === 0n}
          onAct={() => {
            if (calls.data !== undefined)
              void claim(signer, calls.data).then(isDone => {
                if (isDone) setAsked(false)
              })
          }}
        >
          <div className="earnings-stack">
            <ul>
              {calls.data.items.map(({ pool, name, epoch, amount }) => (
                <li key={pool}>
                  <Amount of={amount} /> from <Go to={places.datanet(pool)}>{name}</Go>, earned up to epoch {epoch}
                </li>
              ))}
            </ul>
            <p>
              It goes to <Who account={calls.data.payout} />, whoever sends the claim.
            </p>
            <SignerField label="Who sends it, and pays the gas" signer={signer} onChange={setSigner} />
            {error === undefined ? null : <Failure error={error} />}
          </div>
        </Confirm>
      )}
    </div>
  )
}

function Told({ sent: { amount, transactions, mined } }: { readonly sent: Sent }) {
  const isThere = transactions.every(one => mined.includes(one))
  return (
    <Notice title={isThere ? `${amountText(amount)} came in.` : `The claim of ${amountText(amount)} is on its way.`}>
      <p>
        {transactions.length === 0 ? 'Nothing was left to claim. ' : null}
        {transactions.map(one => (
          <Id key={one} id={one} to={places.transaction(one)} />
        ))}
      </p>
    </Notice>
  )
}
