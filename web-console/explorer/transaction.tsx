import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { countText, plainAmount, shortId } from '../formats/index.ts'
import {
  Amount,
  Card,
  Chip,
  Empty,
  Facts,
  Id,
  Notice,
  Page as Frame,
  Read,
  Section,
  Table,
  When,
  Who
} from '../parts/index.ts'
import { Fields } from './field.tsx'
import { callWords, contractWords, eventWords } from './words.ts'
import './explorer.css'

/** What a transaction did: what it called, what it paid, what it left behind. */
export function Page() {
  const hash = useParameter('id')
  const sent = useCall('transaction', { hash })
  const call = sent.data?.call?.name
  const title = call === undefined ? `Transaction ${shortId(hash)}` : (callWords[call] ?? `It called ${call}`)
  return (
    <Frame title={title} above="On chain" lead={<Id id={hash} to={places.transaction(hash)} />} phase="payouts">
      <Read from={sent} what="the transaction">
        {({ at, block, from, to, contract, call, succeeded, gasUsed, cost, events, transfers }) => (
          <>
            {succeeded ? null : (
              <Notice kind="wrong" title="The chain refused it: nothing of it happened but the gas." />
            )}
            <Card>
              <Facts
                facts={[
                  ['Mined', <When key="w" at={at} />],
                  ['Block', countText(BigInt(block))],
                  ['Sent by', <Who key="f" account={from} />],
                  [
                    'To',
                    to === null ? (
                      'a new contract'
                    ) : contract === null ? (
                      <Who key="t" account={to} />
                    ) : (
                      <Id key="t" id={to} to={places.account(to)} name={contractWords[contract] ?? contract} />
                    )
                  ],
                  ['Gas', `${countText(BigInt(gasUsed))}, for ${plainAmount(cost)} of the chain’s coin`]
                ]}
              />
            </Card>
            <Section title="Tokens that went" note="Each from one account to another, in this transaction.">
              {transfers.length === 0 ? (
                <Empty title="None." />
              ) : (
                <Table
                  label="Tokens that went"
                  items={transfers.map((one, place) => ({ ...one, place }))}
                  keyOf={({ place }) => String(place)}
                  columns={[
                    { name: 'From', cell: one => <Who account={one.from} /> },
                    { name: 'To', cell: one => <Who account={one.to} /> },
                    { name: 'Amount', number: true, cell: ({ amount }) => <Amount of={amount} /> }
                  ]}
                />
              )}
            </Section>
            <Section title="What it left on chain">
              {events.length === 0 ? (
                <Empty title="No event of this network’s contracts." />
              ) : (
                <div className="explorer-stack">
                  {events.map(({ name, fields }, place) => (
                    <Card key={`${name} ${String(place)}`}>
                      <div className="statement-head">
                        <h3>{eventWords[name] ?? name}</h3>
                        <Chip>{name}</Chip>
                      </div>
                      <Fields fields={fields} />
                    </Card>
                  ))}
                </div>
              )}
            </Section>
            {call === null ? null : (
              <Section title="What it called" note={`The function “${call.name}”, with these values.`}>
                <Card>
                  <Fields fields={call.args} />
                </Card>
              </Section>
            )}
          </>
        )}
      </Read>
    </Frame>
  )
}
