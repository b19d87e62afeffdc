import { useEffect, useRef, useState } from 'react'
import type { ReviewView } from '../../../daemon/api/contract/data-views.ts'
import type { Said } from '../../../protocol/data/votes.ts'
import { useAct } from '../../api/index.ts'
import { shareText } from '../../formats/index.ts'
import { Button, Chip, Failure, TextField, When } from '../../parts/index.ts'
import { sideText } from './side.ts'
import { useKeys } from './use-keys.ts'

/** So long a vote is told to nobody, so that it can be undone; less where its time is nearly over. */
const holdSeconds = 60
const touched = ['review', 'reviewOf', 'votes', 'contribution'] as const

const phaseOf = (vote: Said): { phase?: 'data' | 'wrong' } =>
  vote === 'abstain' ? {} : { phase: vote ? 'data' : 'wrong' }

/** The vote of this node's owner: a for, r against, n for neither, with a reason, and u to undo it until it is told. */
export function Ballot({ item }: { readonly item: ReviewView }) {
  const [choice, setChoice] = useState<Said>()
  const [reason, setReason] = useState('')
  const field = useRef<HTMLDivElement>(null)
  const vote = useAct('vote', touched)
  const unvote = useAct('unvote', touched)
  const { id, advice, undoUntil, voteReason } = item
  const canVote = item.vote === null && advice !== null && item.status === 'voting'

  const choose = (accept: Said): void => {
    if (!canVote) return
    vote.reset()
    setChoice(accept)
  }
  const undo = (): void => {
    if (undoUntil !== null) unvote.mutate({ params: { id } })
  }
  /** The same vote again, held no more. */
  const tell = (): void => {
    if (item.vote === null || undoUntil === null) return
    const said = voteReason === undefined ? {} : { reason: voteReason }
    vote.mutate({ params: { id }, body: { accept: item.vote, holdSeconds: 0, ...said } })
  }
  useKeys({
    a: () => {
      choose(true)
    },
    r: () => {
      choose(false)
    },
    n: () => {
      choose('abstain')
    },
    u: undo
  })
  useEffect(() => {
    if (choice !== undefined) field.current?.querySelector('input')?.focus()
  }, [choice])

  const cast = (): void => {
    if (choice === undefined) return
    const said = reason.trim()
    vote.mutate(
      { params: { id }, body: { accept: choice, holdSeconds, ...(said === '' ? {} : { reason: said }) } },
      {
        onSuccess: () => {
          setChoice(undefined)
          setReason('')
        }
      }
    )
  }
  const away = (): void => {
    setChoice(undefined)
  }

  if (item.vote !== null)
    return (
      <div className="ballot" role="status">
        <p>
          You voted <Chip {...phaseOf(item.vote)}>{sideText(item.vote)}</Chip>
          {voteReason === undefined ? null : <span dir="auto"> {voteReason}</span>}
        </p>
        {undoUntil === null ? (
          <p className="queue-note">It was told to the others, and cannot be taken back.</p>
        ) : (
          <p>
            <Button onPress={undo} isDisabled={unvote.isPending || vote.isPending}>
              Undo <kbd>u</kbd>
            </Button>{' '}
            <Button look="quiet" onPress={tell} isDisabled={unvote.isPending || vote.isPending}>
              Tell it now
            </Button>{' '}
            <span className="queue-note">
              It is told to the others <When at={undoUntil} />.
            </span>
          </p>
        )}
        {unvote.error === null ? null : <Failure error={unvote.error} />}
        {vote.error === null ? null : <Failure error={vote.error} />}
      </div>
    )
  return (
    <div className="ballot">
      {choice === undefined ? (
        <div className="ballot-choice">
          <Button
            look="main"
            isDisabled={!canVote}
            onPress={() => {
              choose(true)
            }}
          >
            Accept <kbd>a</kbd>
          </Button>
          <Button
            look="wrong"
            isDisabled={!canVote}
            onPress={() => {
              choose(false)
            }}
          >
            Refuse <kbd>r</kbd>
          </Button>
          <Button
            isDisabled={!canVote}
            onPress={() => {
              choose('abstain')
            }}
          >
            Neither <kbd>n</kbd>
          </Button>
          <span className="queue-note">{adviceText(item)}</span>
        </div>
      ) : (
        <div
          ref={field}
          className="ballot-reason"
          onKeyDown={event => {
            if (event.key === 'Enter') cast()
            if (event.key === 'Escape') away()
          }}
        >
          <TextField
            label={
              choice === 'abstain' ? 'Why others shall decide' : choice ? 'Why you accept it' : 'Why you refuse it'
            }
            note="It is told with your vote, so that the contributor can read it. Enter votes, Escape goes back."
            value={reason}
            onChange={setReason}
          />
          <div className="ballot-choice">
            <Button look={choice === false ? 'wrong' : 'main'} onPress={cast} isDisabled={vote.isPending}>
              {choice === 'abstain' ? 'Leave it to the others' : choice ? 'Vote for it' : 'Vote against it'}
            </Button>
            <Button onPress={away}>Not now</Button>
          </div>
        </div>
      )}
      {vote.error === null ? null : <Failure error={vote.error} />}
    </div>
  )
}

function adviceText({ advice, own, rows, status }: ReviewView): string {
  if (status !== 'voting') return 'It waits for its turn: those before it are decided first.'
  if (advice === null) return 'This node still checks it; then you can vote.'
  if (own === null) return 'Its rows could not be looked at here: nobody gave them, or the key to them.'
  const share = shareText(rows === 0 ? 0 : own / rows)
  return `The checks here say ${advice ? 'accept' : 'refuse'}: ${own} of ${rows} rows are good and new, ${share}.`
}
