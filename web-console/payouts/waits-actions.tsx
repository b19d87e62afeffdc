import { useState } from 'react'
import { useAct, useCall } from '../api/index.ts'
import type { WaitingView } from '../../daemon/api/contract/earnings.ts'
import { amountText } from '../formats/index.ts'
import { Button, Confirm, Failure, useNow } from '../parts/index.ts'
import { moneyCalls } from './touched.ts'

/** Brings what clients have promised this node. */
function Redeem({ amount }: { readonly amount: string }) {
  const redeem = useAct('redeem', moneyCalls)
  const [isAsked, setAsked] = useState(false)
  return (
    <>
      <Button
        onPress={() => {
          setAsked(true)
        }}
      >
        Bring it in now
      </Button>
      <Confirm
        title={`Bring in ${amountText(amount)}?`}
        isOpen={isAsked}
        close={() => {
          setAsked(false)
        }}
        act="Bring it in"
        isBusy={redeem.isPending}
        onAct={() => {
          redeem.mutate(
            {},
            {
              onSuccess: () => {
                setAsked(false)
              }
            }
          )
        }}
      >
        <p>
          Each channel is a transaction of this node, which pays its gas. The contract divides each sum among worker,
          builder and data.
        </p>
        {redeem.error === null ? null : <Failure error={redeem.error} />}
      </Confirm>
    </>
  )
}

/** Makes an epoch final whose window is over; anybody may, and it costs gas only. */
function Finalize({ pool, until }: { readonly pool: string; readonly until: number }) {
  const finalize = useAct('finalize', moneyCalls)
  const now = useNow()
  if (now < until) return null
  return (
    <>
      <Button
        isDisabled={finalize.isPending}
        onPress={() => {
          finalize.mutate({ params: { id: pool } })
        }}
      >
        {finalize.isPending ? 'Sending' : 'Make it final now'}
      </Button>
      {finalize.error === null ? null : <Failure error={finalize.error} />}
    </>
  )
}

/** What can be done at once about something that waits. */
export function WaitActions({ item, account }: { readonly item: WaitingView; readonly account: string }) {
  const status = useCall('status')
  if (item.kind === 'voucher' && item.amount !== null && status.data?.address === account)
    return <Redeem amount={item.amount} />
  if (item.kind === 'window' && item.pool !== null && item.until !== null)
    return <Finalize pool={item.pool} until={item.until} />
  return null
}
