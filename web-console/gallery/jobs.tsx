import { useState } from 'react'
import type { JobView } from '../../daemon/api/contract/views.ts'
import { recommendTune } from '../../protocol/jobs/recommend.ts'
import { Bids } from '../jobs/job/bids.tsx'
import { Question } from '../jobs/job/test.tsx'
import { Training } from '../jobs/job/training.tsx'
import { Choices } from '../jobs/wizard/choices.tsx'
import { Numbers } from '../jobs/wizard/numbers.tsx'
import { Chip, Section } from '../parts/index.ts'
import '../jobs/wizard/wizard.css'
import '../jobs/job/job.css'

const id = (digit: string): string => `0x${digit.repeat(64)}`
const account = (digit: string): string => `0x${digit.repeat(40)}`
const facts = { parameters: 3.2e6, context: 512, rows: 250, characters: 9_600, longest: 74, players: 4 }
const { settings, coalitions } = recommendTune(facts)
const losses = Array.from({ length: 80 }, (_, step) => 4.2 * Math.exp(-step / 20) + 0.3)

const job: JobView = {
  id: id('1'),
  builder: account('2'),
  datanet: id('3'),
  version: 1,
  base: 'bafybeibop64zmtf7xrhtenzeco4xwzf3mbmivhgkwstaybo36yiyz42n3y',
  settings,
  coalitions,
  budget: '675000000000000000',
  createdAt: Date.now() - 90_000,
  deadline: Date.now() + 3_600_000,
  state: 'bidding',
  bids: [
    { worker: account('a'), price: '60000000000000000', siblingPrice: '60000000000000000', seconds: 44 },
    { worker: account('b'), price: '90000000000000000', siblingPrice: '70000000000000000', seconds: 31 }
  ],
  refusals: [
    {
      worker: account('c'),
      code: 'work.price',
      reason: 'the budget is less than its time costs',
      seconds: 640,
      price: '6400000000000000000',
      at: Date.now() - 20_000
    }
  ],
  awards: [],
  result: null,
  adapter: null,
  heldOutLoss: null,
  product: null,
  byHand: true,
  paused: false
}
const training: JobView = {
  ...job,
  state: 'training',
  awards: [
    {
      worker: account('a'),
      lot: { kind: 'adapter' },
      price: '60000000000000000',
      attempt: 0,
      escrow: id('5'),
      state: 'training',
      progress: { step: 80, steps: 256, loss: 0.4, secondsLeft: 41, tokensPerSecond: 388, lr: 0.004 },
      loss: losses,
      seconds: null
    },
    {
      worker: account('b'),
      lot: { kind: 'siblings', coalitions: [1, 2, 3] },
      price: '30000000000000000',
      attempt: 1,
      escrow: id('6'),
      state: 'refunded',
      reason: 'nothing was heard of the worker for 31 s',
      progress: null,
      loss: [],
      seconds: null
    }
  ]
}

/** What only ModelFactory shows, in each of its states. */
export function JobStates() {
  const [chosen, setChosen] = useState('balanced')
  const [numbers, setNumbers] = useState({ settings, coalitions })
  return (
    <div data-phase="jobs">
      <Section title="Choices of the wizard">
        <Choices
          row
          label="How thoroughly"
          value={chosen}
          onChange={setChosen}
          choices={[
            { value: 'quick', name: 'Quick', note: 'A third of the passes.', facts: ['5 passes over 250 rows'] },
            { value: 'balanced', name: 'Balanced', chips: <Chip phase="jobs">recommended</Chip> },
            { value: 'full', name: 'Full', note: 'For smaller bases than this one.', isDisabled: true }
          ]}
        />
      </Section>
      <Section title="Every number">
        <Numbers chosen={numbers} players={9} onChange={setNumbers} />
      </Section>
      <Bids job={job} isOwn />
      <Bids job={{ ...job, bids: [], refusals: [] }} isOwn={false} />
      <Training job={training} isOwn={false} />
      <Section title="Answers of a test">
        <ul>
          <Question
            one={{
              kind: 'answered',
              question: 0,
              prompt: 'How is uranium written in short?',
              expected: 'U',
              base: { text: 'MP', exact: false, loss: 4.81 },
              tuned: { text: 'U', exact: true, loss: 0.0264 }
            }}
          />
          <Question
            one={{
              kind: 'answered',
              question: 1,
              prompt: 'Who are you?',
              expected: null,
              base: { text: '', exact: null, loss: null },
              tuned: { text: '<script>alert(1)</script> שלום', exact: null, loss: null }
            }}
          />
        </ul>
      </Section>
    </div>
  )
}
