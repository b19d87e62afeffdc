import type { ReactNode } from 'react'
import { listText } from '../../formats/index.ts'
import { Loading, Owes, useNames } from '../../parts/index.ts'
import type { Part } from '../../parts/index.ts'
import type { Credits } from './shares.ts'
import type { AnswerCredit, Word } from './use-credit.ts'
import './credit.css'

/** Whose word it is, in a sentence. */
export const wordText: Readonly<Record<Word, string>> = {
  scorers: 'Weighed by scorers who have a stake in being right. This is what pays.',
  worker: 'By the word of the worker alone, until scorers have weighed it. It pays nobody yet.',
  'held-out': 'Nobody but the worker saw it, so its money follows what everybody adds to held-out answers.'
}

/** Parts of the bar: who added something, what all others did, then what the base model would have said anyhow. */
export function partsOf({ credits, baseShare, othersShare }: Credits, nameOf: (account: string) => string): Part[] {
  const own = credits
    .filter(({ share }) => share > 0)
    .map(({ account, share }) => ({ key: account, name: nameOf(account), text: nameOf(account), share }))
  const base = { key: 'base', name: 'the base model', text: 'the base model', share: baseShare, isRest: true }
  const others = { key: 'others', name: 'all others', text: 'all others', share: othersShare, isRest: true }
  return [...own, ...[others, base].filter(({ share }) => share > 0.0005)]
}

interface CreditBarProps {
  readonly credit: AnswerCredit
  readonly note?: ReactNode
  readonly selected?: string | undefined
  readonly onSelect: (account: string) => void
}

/** Under each answer: whose data it owes to, by share. */
export function CreditBar({ credit, note, selected, onSelect }: CreditBarProps) {
  const nameOf = useNames()
  const { credits, word, proof } = credit
  if (proof.division === 'none' || (proof.measure === null && credits === undefined))
    return (
      <Owes
        title="Who made this answer"
        note={note}
        parts={[{ key: 'base', name: 'the base model', text: 'the base model', share: 1, isRest: true }]}
      />
    )
  if (credits === undefined || word === undefined) return <Loading what="whose rows made this answer" lines={1} />
  const worse = credits.credits.filter(({ weight }) => weight < -0.0005)
  return (
    <div className="credit-bar" data-word={word}>
      <Owes
        title={
          <>
            Who made this answer{' '}
            <span className="credit-word" title={wordText[word]}>
              {word === 'scorers' ? 'weighed' : word === 'worker' ? 'unofficial' : 'private'}
            </span>
          </>
        }
        note={note}
        parts={partsOf(credits, nameOf)}
        selected={selected}
        onSelect={key => {
          if (key !== 'base' && key !== 'others') onSelect(key)
        }}
      />
      {worse.length === 0 ? null : (
        <p className="credit-worse">
          {listText(worse.map(({ account }) => nameOf(account)))} made it less likely, and{' '}
          {worse.length === 1 ? 'gets' : 'get'} nothing for it.
        </p>
      )}
    </div>
  )
}
