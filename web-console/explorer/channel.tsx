import { useCall, useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { shortId } from '../formats/index.ts'
import {
  Amount,
  Card,
  Facts,
  Id,
  Page as Frame,
  Progress,
  Read,
  ReadList,
  Section,
  Table,
  When,
  Who
} from '../parts/index.ts'
import './explorer.css'

/** A payment channel: what its client paid in, and what its worker took. */
export function Page() {
  const id = useParameter('id')
  const channel = useCall('chainChannel', { id })
  const receipts = useList('receipts', { channel: id, order: 'newest', limit: 50 })
  return (
    <Frame
      title={
        channel.data === undefined
          ? `Channel ${shortId(id)}`
          : `A channel for ${channel.data.modelName}, ${channel.data.closed ? 'closed' : 'open'}`
      }
      lead="A client pays in once, then pays each answer by a signature. The chain sees the deposit and what is taken."
      phase="models"
    >
      <Read from={channel} what="the channel">
        {view => (
          <Card phase="models">
            <Progress
              label="Taken of what was paid in"
              share={Number(BigInt(view.claimed)) / (Number(BigInt(view.deposit)) || 1)}
            />
            <div className="card-part">
              <Facts
                facts={[
                  ['Paid in', <Amount key="d" of={view.deposit} />],
                  ['Taken', <Amount key="c" of={view.claimed} />],
                  ['Of that to the data', <Amount key="p" of={view.data} />],
                  ['Client', <Who key="l" account={view.client} />],
                  ['Worker', <Who key="w" account={view.worker} />],
                  ['Model', <Id key="m" id={view.model} to={places.model(view.model)} name={view.modelName} />],
                  ['Ends', <When key="e" at={view.expiry} />],
                  ['Closes', view.closesAt === null ? 'nobody has asked to' : <When key="s" at={view.closesAt} />]
                ]}
              />
            </div>
          </Card>
        )}
      </Read>
      <Section title="Answers over it">
        <ReadList from={receipts} what="the answers" empty={{ title: 'None that this node knows.' }}>
          {items => (
            <Table
              label="Answers over it"
              items={items.toSorted((a, b) => b.sequence - a.sequence)}
              keyOf={one => one.id}
              columns={[
                { name: 'Place', number: true, cell: ({ sequence }) => sequence },
                { name: 'Receipt', cell: one => <Id id={one.id} to={places.receipt(one.id)} /> },
                { name: 'Tokens', number: true, cell: ({ outputTokens }) => outputTokens },
                { name: 'Fee', number: true, cell: ({ fee }) => <Amount of={fee} /> },
                { name: 'When', number: true, cell: ({ finishedAt }) => <When at={finishedAt} /> }
              ]}
            />
          )}
        </ReadList>
      </Section>
    </Frame>
  )
}
