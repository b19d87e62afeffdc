import { useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useParameter, useWord } from '../../app/use-place.ts'
import { durationText, manyText, shortId } from '../../formats/index.ts'
import { Amount, Card, Facts, Go, GoButton, Id, Page as Frame, Read, Section, When, Who } from '../../parts/index.ts'
import { CreditBar } from './credit-bar.tsx'
import { Papers } from './papers.tsx'
import { PartOfAnswer } from './part.tsx'
import { Steps } from './steps.tsx'
import { UpstreamPart } from './upstream-part.tsx'
import { useCredit } from './use-credit.ts'
import type { AnswerCredit } from './use-credit.ts'
import './receipt.css'

/** What stands behind an answer: whose rows, by which arithmetic, what was signed, and where it is on chain. */
export function Page() {
  const id = useParameter('id')
  const status = useCall('status')
  // Whether this node asked is known with the receipt; the worker tells nobody else.
  const known = useCall('receiptProof', { id })
  const isOwn = status.data !== undefined && known.data?.view.client === status.data.address
  const credit = useCredit(id, isOwn)
  return (
    <Read from={credit} what="the receipt">
      {found => <Receipt credit={found} />}
    </Read>
  )
}

function Receipt({ credit }: { readonly credit: AnswerCredit }) {
  const [of, setOf] = useWord('of')
  const { proof, credits } = credit
  const { view, modelName, datanetName } = proof
  const main = credits?.credits[0]?.account
  const shown = credits?.credits.some(({ account }) => account === of) === true ? of : main
  return (
    <Frame
      phase="models"
      above={<Go to={places.bazaar}>Bazaar</Go>}
      title={`An answer of ${manyText(view.outputTokens, 'token')} by ${modelName}`}
      lead={
        <>
          Given <When at={view.finishedAt} /> for <Amount of={view.fee} />
          {datanetName === null ? null : <>, from what people contributed to {datanetName}</>}.{' '}
          {view.private
            ? 'Its client wanted nobody but the worker to see it.'
            : 'What was asked is not here: it stays between client, worker and the scorers who weigh it.'}
        </>
      }
      actions={<GoButton to={places.chat(view.model)}>Ask {modelName}</GoButton>}
    >
      <div className="receipt">
        <div className="receipt-main">
          <Card phase="data">
            <CreditBar
              credit={credit}
              selected={shown}
              onSelect={setOf}
              note={
                <>
                  <Amount of={proof.dataFee} /> for the data
                </>
              }
            />
            {shown === undefined || credits === undefined ? null : (
              <div className="receipt-part">
                <PartOfAnswer credit={credit} account={shown} withSteps={false} />
              </div>
            )}
          </Card>
        </div>
        <aside className="receipt-side" aria-label="To the money">
          <Card phase="payouts">
            <h2>To the money</h2>
            <Steps proof={proof} />
          </Card>
        </aside>
      </div>
      <Section title="What both sides signed">
        <Facts
          facts={[
            ['Receipt', <Id key="id" id={view.id} to={places.receipt(view.id)} />],
            ['Client', <Who key="client" account={view.client} />],
            ['Worker', <Who key="worker" account={view.worker} />],
            [
              'Model',
              <Go key="model" to={places.model(view.model)}>
                {modelName === '' ? shortId(view.model) : modelName}
              </Go>
            ],
            ['Tokens', `${view.inputTokens} read, ${view.outputTokens} written`],
            ['Fee', <Amount key="fee" of={view.fee} />],
            ...proof.upstream.map(
              part => [`Of it to ${part.name}`, <UpstreamPart key={part.model} part={part} />] as const
            ),
            ['Took', tookText(view)],
            [
              'Place',
              <Go key="channel" to={places.channel(view.channel)}>
                number {view.sequence} of its channel
              </Go>
            ]
          ]}
        />
      </Section>
      <Papers proof={proof} />
    </Frame>
  )
}

/** Both sides sign whole seconds. */
const tookText = ({ startedAt, finishedAt }: { readonly startedAt: number; readonly finishedAt: number }): string =>
  finishedAt === startedAt ? 'less than a second' : durationText((finishedAt - startedAt) / 1000)
