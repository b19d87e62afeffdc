import { useState } from 'react'
import { issueInWords } from '../../../protocol/data/explain.ts'
import type { Row } from '../../../protocol/data/types.ts'
import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText, manyText } from '../../formats/index.ts'
import { Button, Empty, Go, Rows } from '../../parts/index.ts'
import { Beside, RowText } from '../row/index.ts'
import type { Messages } from '../row/index.ts'
import type { CheckedLine } from './check.ts'
import { MendLine } from './mend-line.tsx'
import type { LocalReading } from './read-local.ts'

interface LinesProps {
  readonly lines: readonly CheckedLine[]
  readonly heldOut: readonly Row[]
  /** What could not be read as a row, by its line. */
  readonly problems?: LocalReading['problems'] | undefined
  /** The file, for lines that are mended. */
  readonly bytes: Uint8Array
  /** A line's new text, or null to leave it out; undefined where nothing is mended. */
  readonly onEdit?: (line: number, text: string | null) => void
}

const isFine = ({ code }: CheckedLine): boolean => code === 'own' || code === 'skipped'
const messagesOf = ({ asks, answers }: CheckedLine): Messages | null =>
  answers === null
    ? null
    : [
        { role: 'user', content: asks },
        { role: 'assistant', content: answers }
      ]

/** The accepted row that a line repeats, beside it. */
function Earlier({ line, of, row }: { readonly line: CheckedLine; readonly of: string; readonly row: number }) {
  const earlier = useCall('row', { id: of, row })
  return (
    <Beside
      left={{ title: 'Yours', messages: messagesOf(line) }}
      right={{
        title: (
          <>
            Line {earlier.data?.line ?? '…'} of <Go to={places.contribution(of)}>an accepted contribution</Go>
          </>
        ),
        messages: earlier.data?.messages ?? null
      }}
    />
  )
}

/** What a line says, and beside it what it repeats or leaks. */
function LineText({
  line,
  heldOut,
  all,
  raw
}: {
  readonly line: CheckedLine
  readonly heldOut: readonly Row[]
  readonly all: LinesProps['lines']
  /** What stands in the file where it is no row. */
  readonly raw: string | undefined
}) {
  if (line.of !== undefined && line.row !== undefined) return <Earlier line={line} of={line.of} row={line.row} />
  const question = line.question === undefined ? undefined : heldOut[line.question]
  if (question !== undefined)
    return (
      <Beside
        left={{ title: 'Yours', messages: messagesOf(line) }}
        right={{ title: 'The held-out question', messages: question.messages }}
      />
    )
  const twin = line.repeats === undefined ? undefined : all.find(other => other.line === line.repeats)
  if (twin !== undefined)
    return (
      <Beside
        left={{ title: `Line ${countText(line.line)}`, messages: messagesOf(line) }}
        right={{ title: `Line ${countText(twin.line)} of the same file`, messages: messagesOf(twin) }}
      />
    )
  const messages = messagesOf(line)
  if (messages !== null) return <RowText messages={messages} />
  return (
    <p className="row-words mono" dir="auto">
      {raw ?? line.asks}
      {raw === undefined && line.isClipped ? '…' : null}
    </p>
  )
}

/** A file line by line, each with its problem on it. */
export function Lines({ lines, heldOut, problems, bytes, onEdit }: LinesProps) {
  const [shows, setShows] = useState<'all' | 'wrong'>('all')
  const wrong = lines.filter(line => !isFine(line))
  const shown = shows === 'all' ? lines : wrong
  return (
    <div>
      <div className="lines-choice" role="group" aria-label="Which lines are shown">
        <Button
          aria-pressed={shows === 'all'}
          look={shows === 'all' ? 'plain' : 'quiet'}
          onPress={() => {
            setShows('all')
          }}
        >
          All {manyText(lines.length, 'row')}
        </Button>
        <Button
          aria-pressed={shows === 'wrong'}
          look={shows === 'wrong' ? 'plain' : 'quiet'}
          onPress={() => {
            setShows('wrong')
          }}
        >
          {manyText(wrong.length, 'row')} with a problem
        </Button>
      </div>
      {shown.length === 0 ? (
        <Empty title={shows === 'wrong' ? 'No row has a problem.' : 'The file has no rows.'} />
      ) : (
        <Rows label="Rows of the file" items={shown} keyOf={({ line }) => String(line)} height={84}>
          {line => (
            <div
              className="line"
              data-code={line.code === 'own' ? 'own' : line.code === 'skipped' ? 'skipped' : 'wrong'}
            >
              <span className="line-number">{countText(line.line)}</span>
              <div className="line-body">
                <LineText line={line} heldOut={heldOut} all={lines} raw={problems?.get(line.line)?.raw} />
                {isFine(line) ? null : (
                  <div className="line-problem">
                    <span>It would bring nothing: {problems?.get(line.line)?.says ?? issueInWords(line.code)}.</span>
                    {onEdit === undefined ? null : (
                      <MendLine line={line.line} bytes={bytes} raw={problems?.get(line.line)?.raw} onEdit={onEdit} />
                    )}
                  </div>
                )}
              </div>
            </div>
          )}
        </Rows>
      )}
    </div>
  )
}
