import { useState } from 'react'
import { countText, manyText } from '../../formats/index.ts'
import { Button, Card, Select } from '../../parts/index.ts'
import type { LocalReading } from '../check/index.ts'
import './how-read.css'

interface HowReadProps {
  readonly reading: LocalReading
  /** The mapping that it was read by; none: ''. */
  readonly map: string
  readonly onMap: (map: string) => void
}

/** Not chosen: by the usual names. */
const usual = ''

/** Words in which names of columns stand between backticks. */
const named = (text: string) => text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))

/** How a file was read, in words, and which of its columns became what: to be changed where it guessed wrong. */
export function HowRead({ reading, map, onMap }: HowReadProps) {
  const [prompt, setPrompt] = useState(usual)
  const [response, setResponse] = useState(usual)
  const { container, columns, notes, mappings, problems, isPart } = reading
  const options = [{ value: usual, name: 'as recognised' }, ...columns.map(name => ({ value: name, name }))]
  return (
    <div className="how-read">
      <Card>
        <p className="judged-title">{container}</p>
        {mappings.map(({ layout, says, unused, rows }) => (
          <p key={`${layout} ${says}`} className="judged-note">
            {manyText(rows, 'row')} as {layout}: {named(says)}
            {unused.length === 0 ? '.' : `. Not used: ${unused.slice(0, 12).join(', ')}.`}
          </p>
        ))}
        {notes.map(note => (
          <p key={note} className="judged-note">
            {named(note)}
          </p>
        ))}
        {problems.size === 0 ? null : (
          <p className="judged-note">{countText(problems.size)} could not be read as rows; each says why below.</p>
        )}
        {isPart ? (
          <p className="judged-note">The file has more than can be looked at here; this is its beginning.</p>
        ) : null}
        {columns.length < 2 ? null : (
          <div className="how-read-choice">
            <Select label="The prompt is" options={options} value={prompt} onChange={setPrompt} />
            <Select label="The response is" options={options} value={response} onChange={setResponse} />
            <Button
              isDisabled={prompt === usual || response === usual}
              onPress={() => {
                onMap(`prompt=${prompt},response=${response}`)
              }}
            >
              Read it so
            </Button>
            {map === '' ? null : (
              <Button
                look="quiet"
                onPress={() => {
                  setPrompt(usual)
                  setResponse(usual)
                  onMap('')
                }}
              >
                As recognised
              </Button>
            )}
          </div>
        )}
      </Card>
    </div>
  )
}
