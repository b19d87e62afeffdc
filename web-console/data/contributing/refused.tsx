import { issueInWords } from '../../../protocol/data/explain.ts'
import type { RefusedRowView } from '../../../daemon/api/contract/data-views.ts'
import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText, manyText } from '../../formats/index.ts'
import { Go, ReadList, Rows, Section } from '../../parts/index.ts'
import { Beside, RowText } from '../row/index.ts'
import '../check/check.css'

function RefusedRow({ row, id }: { readonly row: RefusedRowView; readonly id: string }) {
  const { line, code, messages, earlier, question } = row
  return (
    <div className="line" data-code="wrong">
      <span className="line-number">{countText(line)}</span>
      <div className="line-body">
        {earlier !== null ? (
          <Beside
            left={{ title: `Line ${countText(line)} of this file`, messages }}
            right={{
              title:
                earlier.contribution === id ? (
                  `Line ${earlier.line ?? '?'} of this file`
                ) : (
                  <>
                    Line {earlier.line ?? '?'} of{' '}
                    <Go to={places.contribution(earlier.contribution)}>an earlier contribution</Go>
                  </>
                ),
              messages: earlier.messages
            }}
          />
        ) : question !== null ? (
          <Beside
            left={{ title: `Line ${countText(line)} of this file`, messages }}
            right={{ title: 'The held-out question', messages: question }}
          />
        ) : messages === null ? null : (
          <RowText messages={messages} />
        )}
        <p className="line-problem">It brought nothing: {issueInWords(code)}.</p>
      </div>
    </div>
  )
}

/** The rows that brought nothing, each beside the earlier row that it repeats. */
export function Refused({ id, count }: { readonly id: string; readonly count: number }) {
  const rows = useList('refusedRows', { id })
  return (
    <Section title={`${manyText(count, 'row')} brought nothing`}>
      <ReadList from={rows} what="the refused rows" empty={{ title: 'No row was refused.' }}>
        {items => (
          <Rows
            label="Refused rows"
            items={items}
            keyOf={({ line }) => String(line)}
            height={120}
            onEnd={() => {
              if (rows.hasMore && !rows.isLoadingMore) rows.more()
            }}
          >
            {row => <RefusedRow row={row} id={id} />}
          </Rows>
        )}
      </ReadList>
    </Section>
  )
}
