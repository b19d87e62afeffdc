import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import type { AccountView } from '../../daemon/api/contract/explorer.ts'
import { amountText, manyText, plainAmount, shortId } from '../formats/index.ts'
import {
  Amount,
  Card,
  Chip,
  Empty,
  Facts,
  GoButton,
  Id,
  Page as Frame,
  Read,
  Section,
  Table,
  When,
  Who,
  useNames
} from '../parts/index.ts'
import { Slashes } from './slashes.tsx'
import { contractWords } from './words.ts'
import './explorer.css'

const roleWords = { host: 'made it', validator: 'votes in it', contributor: 'contributes' } as const
const modelWords = { builder: 'built it', trainer: 'trained it', server: 'serves it now' } as const
const jobWords = { builder: 'posted it', worker: 'worked on it' } as const

/** The sentence that stands for an account. */
function titleOf({ account, contract, datanets, models }: AccountView, name: string): string {
  if (contract !== null) return `This is ${contractWords[contract] ?? `the contract “${contract}”`}`
  const called = name === shortId(account) ? `Account ${name}` : name
  const parts = [
    ...(datanets.length === 0 ? [] : [manyText(datanets.length, 'Datanet')]),
    ...(models.length === 0 ? [] : [manyText(models.length, 'model')])
  ]
  return parts.length === 0 ? called : `${called} has to do with ${parts.join(' and ')}`
}

/** An account, or the node with its key: what it holds, and what it does in the network. */
export function Page() {
  const id = useParameter('id')
  const account = useCall('account', { id })
  const address = account.data?.account
  const nameOf = useNames()
  return (
    <Frame
      title={
        account.data === undefined ? `Account ${shortId(id)}` : titleOf(account.data, nameOf(account.data.account))
      }
      lead={<Id id={address ?? id} to={places.account(id)} />}
      actions={
        address === undefined || account.data?.contract !== null ? null : (
          <GoButton to={places.earningsOf(address)}>What it earned, and why</GoButton>
        )
      }
    >
      <Read from={account} what="the account">
        {view => (
          <>
            <Card>
              <Facts
                facts={[
                  ['Holds', <Amount key="b" of={view.balance} />],
                  ['Was paid for work and data', <Amount key="p" of={view.paid} />],
                  ['At stake', <Amount key="s" of={view.stake} />],
                  ['Coin for gas', plainAmount(view.gas)],
                  ['Earnings go to', view.payout === view.account ? 'itself' : <Who key="o" account={view.payout} />],
                  [
                    'Its node',
                    view.peer === null ? 'none that is connected here' : <Who key="n" account={view.peer} />
                  ],
                  ['Connected', view.connected ? 'now' : 'not now']
                ]}
              />
            </Card>
            <Slashes node={view.account} quiet />
            <DoneIn view={view} />
            <Answers account={view.account} />
          </>
        )}
      </Read>
    </Frame>
  )
}

function DoneIn({ view: { datanets, models, jobs } }: { readonly view: AccountView }) {
  return (
    <>
      {datanets.length === 0 ? null : (
        <Section title="Datanets">
          <Table
            label="Datanets"
            items={datanets}
            keyOf={({ id }) => id}
            columns={[
              { name: 'Datanet', cell: ({ id, name }) => <Id id={id} to={places.datanet(id)} name={name} /> },
              {
                name: 'What it does there',
                cell: ({ roles }) => (
                  <span className="explorer-chips">
                    {roles.map(role => (
                      <Chip key={role} phase="data">
                        {roleWords[role]}
                      </Chip>
                    ))}
                  </span>
                )
              },
              { name: 'Contributions', number: true, cell: ({ contributions }) => contributions },
              { name: 'Accepted', number: true, cell: ({ accepted }) => accepted },
              { name: 'Rows that count', number: true, cell: ({ own }) => own ?? '–' }
            ]}
          />
        </Section>
      )}
      {models.length === 0 ? null : (
        <Section title="Models">
          <Table
            label="Models"
            items={models}
            keyOf={({ id, as }) => `${id} ${as}`}
            columns={[
              { name: 'Model', cell: ({ id, name }) => <Id id={id} to={places.model(id)} name={name} /> },
              { name: 'What it did', cell: ({ as }) => modelWords[as] }
            ]}
          />
        </Section>
      )}
      {jobs.length === 0 ? null : (
        <Section title="Jobs">
          <Table
            label="Jobs"
            items={jobs}
            keyOf={({ id, as }) => `${id} ${as}`}
            columns={[
              { name: 'Job', cell: ({ id }) => <Id id={id} to={places.job(id)} /> },
              { name: 'What it did', cell: ({ as }) => jobWords[as] },
              { name: 'State', cell: ({ state }) => state }
            ]}
          />
        </Section>
      )}
    </>
  )
}

/** The newest answers that it asked for, or gave. */
function Answers({ account }: { readonly account: string }) {
  const receipts = useCall('receipts', { party: account, order: 'newest', limit: 20 })
  return (
    <Section title="Answers that it asked for or gave" note="The newest that this node knows.">
      <Read from={receipts} what="receipts">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="None that this node knows." />
          ) : (
            <Table
              label="Answers"
              items={items}
              keyOf={({ id }) => id}
              columns={[
                { name: 'Receipt', cell: ({ id }) => <Id id={id} to={places.receipt(id)} /> },
                { name: 'Part', cell: ({ client }) => (client === account ? 'asked' : 'answered') },
                { name: 'Model', cell: ({ model }) => <Id id={model} to={places.model(model)} /> },
                { name: 'Cost', number: true, cell: ({ fee }) => amountText(fee) },
                { name: 'When', number: true, cell: ({ finishedAt }) => <When at={finishedAt} /> }
              ]}
            />
          )
        }
      </Read>
    </Section>
  )
}
