import type { ReviewView } from '../../../daemon/api/contract/data-views.ts'
import { Button as AriaButton } from 'react-aria-components'
import { manyText } from '../../formats/index.ts'
import { sideText } from './side.ts'
import { useNames, When } from '../../parts/index.ts'

const voteText = ({ vote, undoUntil, advice }: ReviewView): string => {
  if (vote !== null) return `${sideText(vote)}${undoUntil === null ? '' : ', held'}`
  return advice === null ? 'being checked' : 'waits for your vote'
}

interface QueueProps {
  readonly items: readonly ReviewView[]
  readonly selected: string | undefined
  readonly onSelect: (id: string) => void
}

/** What is voted on, a Datanet's in the order of authorship. */
export function Queue({ items, selected, onSelect }: QueueProps) {
  const nameOf = useNames()
  return (
    <ol className="queue" aria-label="Contributions to review">
      {items.map(item => (
        <li key={item.id}>
          <AriaButton
            className="queue-item"
            aria-pressed={item.id === selected}
            data-voted={item.vote !== null}
            onPress={() => {
              onSelect(item.id)
            }}
          >
            <b>{item.datanetName}</b>
            <span>{manyText(item.rows, 'row')}</span>
            <span className="queue-note">
              {nameOf(item.contributor)}, {voteText(item)}
            </span>
            {item.closesAt === null ? null : (
              <span className="queue-note">
                closes <When at={item.closesAt} />
              </span>
            )}
          </AriaButton>
        </li>
      ))}
    </ol>
  )
}
