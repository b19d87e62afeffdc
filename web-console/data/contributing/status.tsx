import type { ContributionView } from '../../../daemon/api/contract/views.ts'
import { reasonInWords, withdrawalInWords } from '../../../protocol/data/explain.ts'
import { removedInWords } from '../../../protocol/data/removal.ts'
import { countText, manyText } from '../../formats/index.ts'
import { Chip } from '../../parts/index.ts'

type Status = ContributionView['status']

const names: Record<Status, string> = {
  committed: 'committed',
  revealed: 'shown',
  voting: 'voted on',
  accepted: 'accepted',
  rejected: 'refused',
  expired: 'came to nothing'
}

/** Where a contribution stands; one that has left since stands nowhere. */
export function StatusChip({ status, removed }: Pick<ContributionView, 'status' | 'removed'>) {
  if (removed !== undefined) return <Chip phase="wrong">{removed === 'withdrawn' ? 'taken back' : 'taken down'}</Chip>
  const isOver = status === 'rejected' || status === 'expired'
  return <Chip phase={isOver ? 'wrong' : 'data'}>{names[status]}</Chip>
}

export const isDecided = ({ status }: Pick<ContributionView, 'status'>): boolean =>
  status === 'accepted' || status === 'rejected' || status === 'expired'

/** Where it stands, as a sentence. */
export function statusSentence({
  status,
  own,
  rows,
  index,
  reason,
  help,
  withdrawal,
  removed
}: ContributionView): string {
  if (removed !== undefined) return `${removedInWords[removed]}.`.replace(/^i/, 'I').replace(/^v/, 'V')
  if (withdrawal === 'done' && (status === 'committed' || status === 'revealed' || status === 'voting'))
    return `It was taken back: ${withdrawalInWords[status === 'committed' ? 'committed' : 'shown']}.`
  switch (status) {
    case 'committed':
      return `It is number ${index ?? '?'} in the order of authorship; its rows are shown next.`
    case 'revealed':
      return 'Its rows are shown, and wait for their turn to be voted on.'
    case 'voting':
      return 'Validators check it and vote.'
    case 'accepted':
      return own === null
        ? `Its validators know which of its ${manyText(rows, 'row')} count: this node does not read them.`
        : `${countText(own)} of its ${manyText(rows, 'row')} are new and stand in the Datanet from now on.`
    case 'rejected':
    case 'expired':
      return `It was not taken: ${[reasonInWords(reason ?? ''), ...(help === undefined ? [] : [help])].join('; ')}.`
  }
}
