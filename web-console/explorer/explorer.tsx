import { useDeferredValue, useEffect, useState } from 'react'
import { useCall } from '../api/index.ts'
import { placeOf, places } from '../app/places.ts'
import { useGo, useParameter } from '../app/use-place.ts'
import { amountText } from '../formats/index.ts'
import { Button, Empty, Go, Id, Page as Frame, Read, SearchField, Section, Table, When, Who } from '../parts/index.ts'
import { Found } from './found.tsx'
import { Slashes } from './slashes.tsx'
import './explorer.css'

const few = { limit: 6 }

/** One box for whatever has an id; an address with one in it goes on to its page. */
export function Page() {
  const given = useParameter('id')
  const [text, setText] = useState(given)
  const [isFollowed, setFollowed] = useState(given !== '')
  const asked = useDeferredValue(text.trim())
  const found = useCall('find', { text: asked }, { enabled: asked.length > 1, keep: true })
  const go = useGo()
  const only = found.data?.found.length === 1 ? found.data.found[0] : undefined
  useEffect(() => {
    setText(given)
    setFollowed(given !== '')
  }, [given])
  useEffect(() => {
    if (isFollowed && only !== undefined && !found.isPlaceholderData) go(placeOf(only))
  }, [isFollowed, only, found.isPlaceholderData])
  return (
    <Frame
      title="Whatever has an id has a page"
      lead={
        'Paste any of it, or its beginning: a contribution, a vote, a job, a receipt, an epoch such as “elements 1”, ' +
        'a transaction, a CID, an account, a node. Names are found as well.'
      }
    >
      <form
        className="explorer-search"
        onSubmit={event => {
          event.preventDefault()
          setFollowed(true)
        }}
      >
        <SearchField label="An id, or a name" value={text} onChange={setText} placeholder="0x… , bafy… , elements 1" />
        <Button type="submit" look="main">
          Open
        </Button>
      </form>
      {asked.length > 1 ? (
        <Read from={found} what="what it may mean">
          {({ found: things, more }) =>
            things.length === 0 ? (
              <Empty title="Nothing that this node knows has such an id or name.">
                <p>
                  What was just made elsewhere arrives within seconds. Of Datanets that it does not follow, a node knows
                  what the chain tells.
                </p>
              </Empty>
            ) : (
              <>
                <Found items={things} />
                {more ? <p className="found-more">More begin so: give more of the id.</p> : null}
              </>
            )
          }
        </Read>
      ) : (
        <Newest />
      )}
    </Frame>
  )
}

/** What came last, for whoever only wants to look around. */
function Newest() {
  const epochs = useCall('epochs', few)
  const receipts = useCall('receipts', { ...few, order: 'newest' })
  const jobs = useCall('jobs', few)
  return (
    <>
      <Section title="The newest answers">
        <Read from={receipts} what="receipts">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nobody has asked anything yet." />
            ) : (
              <Table
                label="The newest answers"
                items={items}
                keyOf={({ id }) => id}
                columns={[
                  { name: 'Receipt', cell: ({ id }) => <Id id={id} to={places.receipt(id)} /> },
                  { name: 'Model', cell: ({ model }) => <Id id={model} to={places.model(model)} /> },
                  { name: 'Worker', cell: ({ worker }) => <Who account={worker} /> },
                  { name: 'Cost', number: true, cell: ({ fee }) => amountText(fee) },
                  { name: 'When', number: true, cell: ({ finishedAt }) => <When at={finishedAt} /> }
                ]}
              />
            )
          }
        </Read>
      </Section>
      <Section title="Epochs">
        <Read from={epochs} what="epochs">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No epoch is on chain yet." />
            ) : (
              <Table
                label="Epochs"
                items={items}
                keyOf={({ pool, epoch, root }) => `${pool} ${epoch} ${root}`}
                columns={[
                  { name: 'Epoch', cell: ({ pool, epoch }) => <Go to={places.epoch(pool, epoch)}>Epoch {epoch}</Go> },
                  { name: 'Datanet', cell: ({ pool }) => <Id id={pool} to={places.datanet(pool)} /> },
                  { name: 'State', cell: ({ state }) => state },
                  { name: 'Answers', number: true, cell: ({ receipts: count }) => count },
                  { name: 'Shared out', number: true, cell: ({ dataFees }) => amountText(dataFees) }
                ]}
              />
            )
          }
        </Read>
      </Section>
      <Section title="Jobs">
        <Read from={jobs} what="jobs">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No job was posted yet." />
            ) : (
              <Table
                label="Jobs"
                items={items}
                keyOf={({ id }) => id}
                columns={[
                  { name: 'Job', cell: ({ id }) => <Id id={id} to={places.job(id)} /> },
                  { name: 'Builder', cell: ({ builder }) => <Who account={builder} /> },
                  { name: 'State', cell: ({ state }) => state },
                  { name: 'Posted', number: true, cell: ({ createdAt }) => <When at={createdAt} /> }
                ]}
              />
            )
          }
        </Read>
      </Section>
      <Slashes />
    </>
  )
}
