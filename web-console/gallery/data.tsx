import { useState } from 'react'
import type { ReviewView } from '../../daemon/api/contract/data-views.ts'
import type { ContributionView } from '../../daemon/api/contract/views.ts'
import { Lines } from '../data/check/index.ts'
import type { CheckedLine } from '../data/check/check.ts'
import { StatusChip, statusSentence } from '../data/contributing/status.tsx'
import { Steps } from '../data/contributing/steps.tsx'
import { Queue } from '../data/reviewing/queue.tsx'
import { Beside } from '../data/row/index.ts'
import { Section } from '../parts/index.ts'
import '../data/data.css'
import '../data/reviewing/reviewing.css'

const id = (digit: string): string => `0x${digit.repeat(64)}`
const contribution: ContributionView = {
  id: id('1'),
  datanet: id('2'),
  seenAt: Date.now() - 60_000,
  cid: null,
  index: 7,
  contributor: `0x${'a'.repeat(40)}`,
  rows: 30,
  own: null,
  status: 'committed',
  checks: [],
  rowIssues: []
}
const checked = { cid: 'bafkreirows', checks: [{ check: 'size', code: 'ok' }] }
const states: readonly ContributionView[] = [
  contribution,
  { ...contribution, status: 'revealed', cid: 'bafkreirows' },
  { ...contribution, ...checked, status: 'voting' },
  { ...contribution, ...checked, status: 'accepted', own: 28 },
  { ...contribution, ...checked, status: 'rejected', reason: 'mostly-duplicate' },
  { ...contribution, status: 'expired', reason: 'not-revealed' }
]
const line = (number: number, code: string, more: Partial<CheckedLine> = {}): CheckedLine => ({
  line: number,
  code,
  asks: 'What is the symbol of iron?',
  answers: 'Fe',
  isClipped: false,
  ...more
})
const lines: readonly CheckedLine[] = [
  line(1, 'own'),
  line(2, 'duplicate', { repeats: 1 }),
  line(3, 'not-json', { asks: '{"prompt": "What is the symbol of', answers: null, isClipped: true }),
  line(4, 'own', { asks: '<script>alert(1)</script> ما هو رمز الذهب؟', answers: '\u202eAu' })
]
const pair = (question: string, answer: string) => [
  { role: 'user' as const, content: question },
  { role: 'assistant' as const, content: answer }
]
const review: ReviewView = {
  ...contribution,
  ...checked,
  status: 'voting',
  datanetName: 'elements',
  advice: true,
  vote: null,
  undoUntil: null,
  accepting: 1,
  rejecting: 0,
  abstaining: 0,
  committed: 1,
  total: 3,
  closesAt: Date.now() + 45_000
}
const queue: readonly ReviewView[] = [
  review,
  { ...review, id: id('3'), vote: false, undoUntil: Date.now() + 20_000 },
  { ...review, id: id('4'), advice: null, datanetName: 'a name that is so long that it has to be broken somewhere' }
]

/** Parts of the Datanets' pages, in every state. */
export function DataStates() {
  const [selected, setSelected] = useState(review.id)
  return (
    <>
      <Section title="How far a contribution has come">
        <div className="gallery-stack">
          {states.map(view => (
            <div key={view.status}>
              <p>
                <StatusChip status={view.status} /> {statusSentence(view)}
              </p>
              <Steps view={view} />
            </div>
          ))}
        </div>
      </Section>
      <Section title="Rows of a file">
        <Lines lines={lines} heldOut={[]} bytes={new Uint8Array()} />
      </Section>
      <Section title="Rows side by side">
        <div className="gallery-stack">
          <Beside
            left={{ title: 'Yours', messages: pair('Which metal has the symbol Fe?', 'Iron') }}
            right={{
              title: 'An accepted row',
              messages: pair('Which metal has the symbol Fe, and why?', 'Iron, of ferrum'),
              note: 'It shares most words with yours.'
            }}
          />
          <Beside
            left={{ title: 'Yours', messages: pair('Which metal is liquid?', 'Mercury') }}
            right={{ title: 'An accepted row', messages: null }}
          />
        </div>
      </Section>
      <Section title="A queue of votes">
        <Queue items={queue} selected={selected} onSelect={setSelected} />
      </Section>
    </>
  )
}
