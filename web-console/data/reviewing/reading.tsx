import { useEffect, useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { ReviewRowView, ReviewView } from '../../../daemon/api/contract/data-views.ts'
import { issueInWords } from '../../../protocol/data/explain.ts'
import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText, shareText } from '../../formats/index.ts'
import { Chip, Empty, Failure, Go, Id, Loading, Rows } from '../../parts/index.ts'
import { clip } from '../check/check.ts'
import { Beside, RowText } from '../row/index.ts'
import { useKeys } from './use-keys.ts'

const isFine = ({ code }: ReviewRowView): boolean => code === 'own' || code === 'unchecked'
const codeText = (row: ReviewRowView): string =>
  row.code === 'own' ? 'good and new' : row.code === 'unchecked' ? 'not checked yet' : issueInWords(row.code)

interface ReadingProps {
  readonly item: ReviewView
  /** Beyond its last row, or before its first. */
  readonly onLeave: (towards: 1 | -1) => void
}

/** A contribution row by row, each beside the accepted row that is most like it. */
export function Reading({ item, onLeave }: ReadingProps) {
  const rows = useList('reviewRows', { id: item.id })
  const [at, setAt] = useState(0)
  const { items, hasMore, isLoadingMore, more } = rows
  const count = items?.length ?? 0
  useEffect(() => {
    // The next page is there before its first row is gone to.
    if (at >= count - 10 && hasMore && !isLoadingMore) more()
  }, [at, count, hasMore, isLoadingMore, more])
  const step = (towards: 1 | -1): void => {
    const next = at + towards
    if (next >= 0 && next < count) setAt(next)
    else if (next < 0 || !hasMore) onLeave(towards)
  }
  useKeys({
    j: () => {
      step(1)
    },
    k: () => {
      step(-1)
    }
  })
  if (rows.error !== null) return <Failure error={rows.error} again={rows.again} />
  if (items === undefined) return <Loading what="its rows" lines={5} />
  const row = items[at]
  if (row === undefined) return <Empty title="The file has no rows." />
  return (
    <>
      <section className="reading" aria-label={`Row ${at + 1}`} aria-live="polite">
        <p className="reading-head">
          <b>
            Row {countText(at + 1)} of {countText(item.rows)}
          </b>
          <Chip phase={isFine(row) ? 'data' : 'wrong'}>{codeText(row)}</Chip>
          <span className="queue-note">
            <kbd>j</kbd> next, <kbd>k</kbd> back
          </span>
        </p>
        <Nearest row={row} id={item.id} />
      </section>
      <Rows
        label="All rows"
        items={items}
        keyOf={({ line }) => String(line)}
        height={36}
        onEnd={() => {
          if (hasMore && !isLoadingMore) more()
        }}
      >
        {(one, place) => (
          <AriaButton
            className="reading-row"
            data-code={isFine(one) ? 'fine' : 'wrong'}
            aria-pressed={place === at}
            onPress={() => {
              setAt(place)
            }}
          >
            <span className="line-number">{countText(one.line)}</span>
            <span className="reading-asks" dir="auto">
              {clip(one.messages?.find(({ role }) => role === 'user')?.content ?? codeText(one), 160)}
            </span>
            <span className="queue-note">{isFine(one) ? '' : codeText(one)}</span>
          </AriaButton>
        )}
      </Rows>
    </>
  )
}

function Nearest({ row, id }: { readonly row: ReviewRowView; readonly id: string }) {
  const { messages, nearest, line } = row
  if (messages === null)
    return (
      <p className="beside-gone">
        Line {line} is no row: {codeText(row)}.
      </p>
    )
  if (nearest === null)
    return (
      <>
        <RowText messages={messages} />
        <p className="beside-note">No accepted row shares a word with it.</p>
      </>
    )
  return (
    <Beside
      left={{ title: `Line ${countText(line)} of this contribution`, messages }}
      right={{
        title:
          nearest.contribution === id ? (
            `Line ${countText(nearest.line)} of the same file`
          ) : (
            <>
              The nearest accepted row: line {countText(nearest.line)} of{' '}
              <Go to={places.contribution(nearest.contribution)}>a contribution</Go>{' '}
              <Id id={nearest.contribution} to={places.contribution(nearest.contribution)} />
            </>
          ),
        messages: nearest.messages,
        note:
          nearest.overlap >= 1000
            ? 'It is a repeat of this one.'
            : `${shareText(nearest.overlap / 1000)} of their words are the same.`
      }}
    />
  )
}
