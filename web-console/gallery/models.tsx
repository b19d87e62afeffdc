import { useState } from 'react'
import type { BazaarView } from '../../daemon/api/contract/bazaar.ts'
import { ModelCard } from '../models/bazaar/model-card.tsx'
import { AnswerBody } from '../models/chat/answer-body.tsx'
import type { AnswerFacts } from '../models/chat/thread.ts'
import { partsOf } from '../models/credit/credit-bar.tsx'
import { creditsOf } from '../models/credit/shares.ts'
import { Owes, Section } from '../parts/index.ts'
import '../models/bazaar/bazaar.css'
import '../models/chat/chat.css'
import '../models/credit/credit.css'

const id = (digit: string): string => `0x${digit.repeat(64)}`
const [noor, ines] = [`0x${'a'.repeat(40)}`, `0x${'b'.repeat(40)}`]
const model: BazaarView = {
  id: id('1'),
  name: 'elements',
  builder: noor,
  worker: ines,
  base: 'bafybase',
  adapter: 'bafyadapter',
  result: 'bafyresult',
  datanet: id('2'),
  version: 3,
  split: { worker: 3000, builder: 1000, data: 6000 },
  offers: [
    {
      worker: ines,
      inputPrice: '10000000000000',
      outputPrice: '40000000000000',
      capacity: 1,
      tokensPerSecond: 210,
      expires: Date.now() + 60_000
    }
  ],
  retired: false,
  datanetName: 'elements',
  baseName: 'seedling',
  quality: { questions: 30, base: '30000', tuned: '810000', values: { [noor]: '560000', [ines]: '220000' }, epoch: 4 },
  matches: { questions: 30, base: 0, tuned: 24 },
  heldOutLoss: { base: 4.1, tuned: 0.2 },
  upstreams: [],
  use: {
    answers: 412,
    inputTokens: 9_000,
    outputTokens: 3_100,
    fees: '4100000000000000000',
    clients: 12,
    returning: 5,
    firstAt: Date.now() - 86_400_000,
    lastAt: Date.now() - 60_000
  }
}
const models: readonly BazaarView[] = [
  model,
  {
    ...model,
    id: id('3'),
    name: 'seedling',
    adapter: null,
    result: null,
    quality: null,
    matches: null,
    heldOutLoss: null
  },
  { ...model, id: id('4'), name: 'nobody asked it, nobody serves it, and its name is long', use: null, offers: [] }
]
const players = [noor, ines]
const coalitions = ['0', '1', '2', '3']
const bars = [
  {
    title: 'Two people made it',
    utilities: [300, 7_000, 1_500, 8_400],
    weights: { [noor]: '610000', [ines]: '200000' }
  },
  {
    title: 'One made it less likely',
    utilities: [300, 7_000, 200, 6_400],
    weights: { [noor]: '640000', [ines]: '-30000' }
  },
  {
    title: 'The base model knew it',
    utilities: [9_000, 9_020, 9_010, 9_040],
    weights: { [noor]: '3000', [ines]: '1000' }
  }
]
const facts = (more: Partial<AnswerFacts>): AnswerFacts => ({ state: 'done', receipts: [], worker: ines, ...more })
const spent = { inputTokens: 12, outputTokens: 31, fee: '1360000000000000', firstMs: 120, ms: 840 }
const step = {
  name: 'draft',
  model: id('1'),
  modelName: 'elements',
  workers: [ines],
  inputTokens: 12,
  outputTokens: 31,
  fee: '1360000000000000',
  receipts: [id('5')],
  builder: noor,
  datanet: id('2'),
  split: { worker: 3000, builder: 1000, data: 6000 }
}
const fee = { ...step, name: 'fee', model: id('6'), modelName: 'chemist', outputTokens: 1, datanet: id('0') }
const answers: readonly { readonly text: string; readonly facts: AnswerFacts }[] = [
  { text: '', facts: { state: 'coming', receipts: [] } },
  { text: '', facts: facts({ state: 'coming', inputTokens: 12 }) },
  { text: '', facts: facts({ state: 'coming', step: { name: 'draft', number: 1, of: 2 } }) },
  {
    text: 'Iron is for steel.',
    facts: facts({ ...spent, steps: [step, { ...fee, split: { worker: 1000, builder: 9000, data: 0 } }] })
  },
  { text: 'Iron has the symbol **Fe**, of', facts: facts({ ...spent, state: 'coming' }) },
  { text: 'Iron has the symbol **Fe**.\n\n```py\nprint("Fe")\n```', facts: facts(spent) },
  { text: 'Iron has the', facts: facts({ ...spent, state: 'stopped' }) },
  {
    text: '',
    facts: { state: 'failed', receipts: [], fault: 'nobody offers elements now', help: 'A worker has to serve it.' }
  }
]

/** Parts of the bazaar, in every state. */
export function ModelStates() {
  const [chosen, setChosen] = useState<string>()
  return (
    <>
      <Section title="Models in the bazaar">
        <ul className="bazaar">
          {models.map(one => (
            <li key={one.id}>
              <ModelCard
                model={one}
                isChosen={chosen === one.id}
                onChoose={() => setChosen(chosen === one.id ? undefined : one.id)}
              />
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Whose data an answer owes to">
        <div className="gallery-stack">
          {bars.map(({ title, ...input }) => (
            <Owes
              key={title}
              title={title}
              parts={partsOf(creditsOf({ players, coalitions, ...input }), account =>
                account === noor ? 'noor' : 'ines'
              )}
            />
          ))}
        </div>
      </Section>
      <Section title="An answer as it comes">
        <div className="gallery-stack">
          {answers.map((answer, at) => (
            <div key={at}>
              <AnswerBody {...answer} asked="What is the symbol of iron?" />
            </div>
          ))}
        </div>
      </Section>
    </>
  )
}
