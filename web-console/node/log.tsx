import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { LogLineView } from '../../daemon/api/contract/index.ts'
import { useList } from '../api/index.ts'
import { exactTime } from '../formats/index.ts'
import { ReadList, Rows, SearchField, Section, Select, When } from '../parts/index.ts'
import './log.css'

const levels = [
  { value: 'info', name: 'What happens' },
  { value: 'warn', name: 'Warnings and errors' },
  { value: 'error', name: 'Errors' },
  { value: 'debug', name: 'Everything' }
] as const
type Level = (typeof levels)[number]['value']

/** Whether a line has a text in it, wherever. */
const holds = ({ message, fields }: LogLineView, text: string): boolean =>
  text === '' || `${message} ${JSON.stringify(fields)}`.toLowerCase().includes(text.toLowerCase())

/** What this process said last. */
export function Log() {
  const [level, setLevel] = useState<Level>('info')
  const [text, setText] = useState('')
  const lines = useList('log', { level, limit: 200 })
  return (
    <Section
      title="What this node said last"
      note="The last two thousand lines since its start. Keys, tokens, questions and answers are never in it."
    >
      <div className="log-choose">
        <Select label="Show" options={levels} value={level} onChange={setLevel} />
        <SearchField label="Search the lines that are read" value={text} onChange={setText} />
      </div>
      <ReadList from={lines} what="the log" empty={{ title: 'It has said nothing of this kind since its start.' }}>
        {items => (
          <div className="log">
            <Rows
              label="Lines of the log"
              items={items.filter(line => holds(line, text))}
              keyOf={({ number }) => String(number)}
              height={40}
            >
              {line => <Line line={line} />}
            </Rows>
          </div>
        )}
      </ReadList>
    </Section>
  )
}

function Line({ line: { at, level, message, fields } }: { readonly line: LogLineView }) {
  const [isOpen, setOpen] = useState(false)
  const { phase, part, automation, ...rest } = fields
  const from = [phase, part, automation].find(one => typeof one === 'string')
  const hasMore = Object.keys(rest).length > 0
  return (
    <div className="log-line" data-phase={level === 'error' ? 'wrong' : level === 'warn' ? 'payouts' : undefined}>
      <span className="log-when" title={exactTime(at)}>
        <When at={at} />
      </span>
      <span className="log-level">{level}</span>
      <span className="log-from">{typeof from === 'string' ? from : ''}</span>
      {hasMore ? (
        <AriaButton className="log-said" aria-expanded={isOpen} onPress={() => setOpen(!isOpen)}>
          {message}
        </AriaButton>
      ) : (
        <span>{message}</span>
      )}
      {isOpen ? <pre className="log-fields">{JSON.stringify(rest, null, 2)}</pre> : null}
    </div>
  )
}
