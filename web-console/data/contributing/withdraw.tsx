import { useState } from 'react'
import type { ContributionView } from '../../../daemon/api/contract/views.ts'
import { useAct } from '../../api/index.ts'
import { Button, Confirm, Failure } from '../../parts/index.ts'

/** What is still to be had by it, before anybody presses: what the chain has and others have seen stays. */
const before = (status: ContributionView['status']): string =>
  status === 'accepted'
    ? 'Its rows leave the next version, and readers are shown them no more. Models that were grown from them are ' +
      'marked; what was copied or trained on before cannot be called back.'
    : status === 'committed'
      ? 'Nobody will see its rows. Its place on the chain stays, and it counts as one of your contributions.'
      : 'This node gives its rows to nobody else. Validators may have them already, and may still vote; its place on ' +
        'the chain stays, and it counts as one of your contributions.'

interface WithdrawProps {
  readonly id: string
  readonly status: ContributionView['status']
}

/** Takes a contribution back, after a word about what that can still do. It cannot be undone. */
export function Withdraw({ id, status }: WithdrawProps) {
  const [isAsked, setAsked] = useState(false)
  const withdraw = useAct('withdraw', ['contribution', 'contributions', 'review'])
  const close = (): void => {
    setAsked(false)
    withdraw.reset()
  }
  return (
    <>
      <Button
        onPress={() => {
          setAsked(true)
        }}
      >
        Take it back
      </Button>
      <Confirm
        title="Take this contribution back?"
        isOpen={isAsked}
        close={close}
        act="Take it back for good"
        look="wrong"
        isBusy={withdraw.isPending}
        onAct={() => {
          withdraw.mutate({ params: { id } }, { onSuccess: close })
        }}
      >
        <p>{before(status)}</p>
        {withdraw.error === null ? null : <Failure error={withdraw.error} />}
      </Confirm>
    </>
  )
}
