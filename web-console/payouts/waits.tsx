import { useCall } from '../api/index.ts'
import type { WaitingView } from '../../daemon/api/contract/earnings.ts'
import { places } from '../app/places.ts'
import { durationText } from '../formats/index.ts'
import { WaitActions } from './waits-actions.tsx'
import { Amount, Card, Chip, Empty, Go, Read, Section, When, useNow, GoButton } from '../parts/index.ts'

const kinds = {
  claim: 'to be claimed',
  window: 'in its challenge window',
  next: 'for the next epoch',
  kept: 'kept back',
  voucher: 'in vouchers',
  escrow: 'in escrow'
} as const

function Until({ until }: { readonly until: number }) {
  const now = useNow()
  const left = (until - now) / 1000
  return (
    <>
      {left > 0 ? `Another ${durationText(left)}: until ` : 'That was over '}
      <When at={until} />.
    </>
  )
}

/** Where the epoch or the Datanet that something waits in is. */
function Where({ pool, name, epoch, kind }: WaitingView) {
  if (pool === null) return null
  const datanet = <Go to={places.datanet(pool)}>{name}</Go>
  if (epoch === null) return <>In {datanet}. </>
  return kind === 'next' || kind === 'kept' ? (
    <>
      {kind === 'kept' ? 'With' : 'For'} epoch {epoch} of {datanet}.{' '}
    </>
  ) : (
    <>
      In <Go to={places.epoch(pool, epoch)}>epoch {epoch}</Go> of {datanet}.{' '}
    </>
  )
}

/** What is on its way: where it waits, for how long, and what brings it. */
export function Waits({ account }: { readonly account: string }) {
  const waiting = useCall('waiting', { account })
  return (
    <Section title="What waits">
      <Read from={waiting} what="what waits">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing waits: all that was earned has come in." />
          ) : (
            <div className="waits">
              {items.map(item => (
                <Card key={`${item.kind} ${item.pool ?? ''} ${item.epoch ?? ''}`} phase="payouts">
                  <p className="wait-head">
                    <b>
                      {item.amount !== null ? (
                        <Amount of={item.amount} />
                      ) : item.of !== null ? (
                        <>
                          a part of <Amount of={item.of} />
                        </>
                      ) : null}
                    </b>
                    <Chip phase="payouts">{kinds[item.kind]}</Chip>
                  </p>
                  <p>
                    <Where {...item} />
                    {item.why} {item.until === null ? null : <Until until={item.until} />}
                  </p>
                  <p className="earnings-soft">{item.help}</p>
                  {item.pool !== null && item.epoch !== null && item.amount !== null && item.kind !== 'kept' ? (
                    <GoButton to={places.why(account, item.pool, item.epoch)} look="quiet">
                      Why this much?
                    </GoButton>
                  ) : null}
                  <WaitActions item={item} account={account} />
                </Card>
              ))}
            </div>
          )
        }
      </Read>
    </Section>
  )
}
