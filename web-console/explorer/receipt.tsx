import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { manyText, shortId } from '../formats/index.ts'
import { Amount, Card, Facts, Id, Owes, Page as Frame, Read, Section, When } from '../parts/index.ts'
import { Statements } from './statements.tsx'
import { Ways } from './ways.tsx'
import './explorer.css'

/** The shares of an answer by contributor; what nobody's rows added is the base model's own. */
export function owesParts(weights: Readonly<Record<string, string>>) {
  const counted = Object.entries(weights)
    .map(([account, weight]) => ({ account, weight: Number(weight) / 1e6 }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
  const total = counted.reduce((sum, { weight }) => sum + weight, 0)
  return counted.map(({ account, weight }) => ({
    key: account,
    name: <Id id={account} to={places.account(account)} />,
    text: shortId(account),
    share: weight / total
  }))
}

/** An answer that was given and paid for, as both sides signed it. */
export function Page() {
  const id = useParameter('id')
  const receipt = useCall('receipt', { id })
  const parts = owesParts(receipt.data?.weights ?? {})
  return (
    <Frame
      title={
        receipt.data === undefined
          ? `Receipt ${shortId(id)}`
          : `An answer of ${manyText(receipt.data.outputTokens, 'token')}, signed by both sides`
      }
      lead="What was asked and answered stands here as hashes only: it is between those two, and whoever weighs it."
      phase="models"
    >
      <Read from={receipt} what="the receipt">
        {view => (
          <>
            <Card phase="models">
              <Facts
                facts={[
                  ['Asked by', <Id key="c" id={view.client} to={places.account(view.client)} />],
                  ['Answered by', <Id key="w" id={view.worker} to={places.account(view.worker)} />],
                  ['With', <Id key="m" id={view.model} to={places.model(view.model)} />],
                  ['Cost', <Amount key="f" of={view.fee} />],
                  ['Tokens', `${view.inputTokens} asked, ${view.outputTokens} answered`],
                  ['When', <When key="t" at={view.finishedAt} />],
                  ['Channel', <Id key="h" id={view.channel} to={places.channel(view.channel)} />],
                  ['Place in the channel', view.sequence],
                  ['Who may see it', view.private ? 'only the two' : 'the two, and scorers'],
                  [
                    'Paid for its data by',
                    view.epoch === null || view.pool === null ? (
                      'no final epoch yet'
                    ) : (
                      <Id
                        key="e"
                        id={`${view.pool}/${view.epoch}`}
                        to={places.epoch(view.pool, view.epoch)}
                        name={`epoch ${view.epoch}`}
                      />
                    )
                  ]
                ]}
              />
              {parts.length === 0 ? null : (
                <div className="card-part">
                  <Owes
                    title="Whose data it owes to, as scorers found"
                    note={manyText(view.scorings.length, 'scorer')}
                    parts={parts}
                  />
                </div>
              )}
            </Card>
            <Ways id={view.id} />
            <Section title="What was signed">
              <Statements id={view.id} />
            </Section>
          </>
        )}
      </Read>
    </Frame>
  )
}
