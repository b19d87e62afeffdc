import { useCall } from '../../api/index.ts'
import { useWord } from '../../app/use-place.ts'
import { Button, Failure, Loading } from '../../parts/index.ts'
import { CreditBar } from '../credit/credit-bar.tsx'
import { PartOfAnswer } from '../credit/part.tsx'
import { useCredit } from '../credit/use-credit.ts'

interface AnswerCreditProps {
  /** The receipt of the answer. */
  readonly receipt: string
  /** What was asked and answered, to find the nearest rows by. */
  readonly text: string
  readonly note: React.ReactNode
}

/** Whose data an answer owes to, under it; a part opens beside it. Which one is open stands in the address. */
export function AnswerCredit({ receipt, text, note }: AnswerCreditProps) {
  const [open, setOpen] = useWord('part')
  const status = useCall('status')
  const credit = useCredit(receipt, status.data !== undefined)
  if (credit.data === undefined)
    return credit.error === null ? (
      <Loading what="whose rows made this answer" lines={1} />
    ) : (
      <Failure error={credit.error} again={() => void credit.refetch()} />
    )
  const [of, account] = open.split(' ')
  const shown = of === receipt.slice(0, 12) && account !== undefined ? account : undefined
  return (
    <div className="answer-credit" data-open={shown !== undefined}>
      <CreditBar
        credit={credit.data}
        note={note}
        selected={shown}
        onSelect={chosen => setOpen(chosen === shown ? '' : `${receipt.slice(0, 12)} ${chosen}`)}
      />
      {shown === undefined ? null : (
        <aside className="answer-part" aria-label="Where this part of the answer comes from">
          <PartOfAnswer credit={credit.data} account={shown} text={text} />
          <Button look="quiet" onPress={() => setOpen('')}>
            Close
          </Button>
        </aside>
      )}
    </div>
  )
}
