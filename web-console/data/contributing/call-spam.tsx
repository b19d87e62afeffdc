import { useState } from 'react'
import type { BondView } from '../../../daemon/api/contract/bonds.ts'
import { exactTokenText } from '../../../protocol/primitives/tokens.ts'
import { useAct, useCall } from '../../api/index.ts'
import { Button, Confirm, Failure } from '../../parts/index.ts'

interface CallSpamProps {
  readonly bond: BondView
  /** Who decides on it. */
  readonly validators: readonly { readonly address: string }[]
}

/** A validator's word on chain that a contribution is spam, for whoever has one and has not said it. */
export function CallSpam({ bond, validators }: CallSpamProps) {
  const own = useCall('status').data?.address
  const [isAsked, setAsked] = useState(false)
  const call = useAct('callSpam', ['bond', 'bonds'])
  const mayCall = own !== undefined && validators.some(({ address }) => address === own) && !bond.spoke.includes(own)
  if (bond.state !== 'open' || !mayCall) return null
  const close = (): void => {
    setAsked(false)
    call.reset()
  }
  return (
    <>
      <Button
        onPress={() => {
          setAsked(true)
        }}
      >
        Call it spam
      </Button>
      <Confirm
        title="Call this contribution spam?"
        isOpen={isAsked}
        close={close}
        act="Say so on chain"
        look="wrong"
        isBusy={call.isPending}
        onAct={() => {
          call.mutate({ params: { id: bond.contribution } }, { onSuccess: close })
        }}
      >
        <p>
          Once validators of more than two thirds of the weight say so, the {exactTokenText(BigInt(bond.amount))} tokens
          that its contributor has locked are burnt. It cannot be taken back. What is merely wrong is voted against.
        </p>
        {call.error === null ? null : <Failure error={call.error} />}
      </Confirm>
    </>
  )
}
