import type { ReactNode } from 'react'
import { useCall } from '../api/index.ts'
import type { TimedPayment } from '../../daemon/api/contract/earnings.ts'
import type { TransactionView } from '../../daemon/api/contract/explorer.ts'
import { places } from '../app/places.ts'
import { amountText } from '../formats/index.ts'
import { Amount, Dialog, GoButton, Id, Read } from '../parts/index.ts'
import { kindWords } from './kinds.ts'

interface WhyPaymentProps {
  readonly account: string
  readonly payment: TimedPayment
  readonly close: () => void
}

const field = (fields: Readonly<Record<string, unknown>>, name: string): bigint => {
  const value = fields[name]
  return typeof value === 'string' && /^[0-9]+$/.test(value) ? BigInt(value) : 0n
}

const partOf = { serving: 'toWorker', building: 'toBuilder', upstream: 'toUpstream' } as const

interface DividedProps {
  readonly sent: TransactionView
  readonly kind: keyof typeof partOf
  readonly payment: TimedPayment
}

/** How a channel's money was divided: by the split that its model is registered with. */
function Divided({ sent, kind, payment }: DividedProps) {
  const { amount, name: model } = payment
  const name = partOf[kind]
  // What a model upstream has is a part of what went up: the rest may have gone on, or to its data.
  const isIts = (fields: Readonly<Record<string, unknown>>): boolean =>
    kind === 'upstream' ? field(fields, name) >= BigInt(amount) : field(fields, name) === BigInt(amount)
  const event = sent.events.find(one => one.name === 'ChannelClaimed' && isIts(one.fields))
  if (event === undefined) return <p>It came with this transaction, out of a payment channel.</p>
  const part = (which: string): bigint => field(event.fields, which)
  const [worker, builder, data, upstream] = [part('toWorker'), part('toBuilder'), part('toData'), part('toUpstream')]
  const all = worker + builder + data + upstream
  const percent = (some: bigint): string => `${Number((some * 1000n) / (all === 0n ? 1n : all)) / 10} %`
  const { channel: of } = event.fields
  const channel = typeof of === 'string' ? of : ''
  const divided =
    `The contract divided it as the model is registered: ${percent(worker)} to the worker who answers, ` +
    `${percent(builder)} to the builder, ${percent(data)} to the data` +
    (upstream === 0n ? '.' : `, ${percent(upstream)} to what it was grown from.`)
  return (
    <>
      <p>
        Clients had promised <Amount of={all} /> for answers over <Id id={channel} to={places.channel(channel)} />.{' '}
        {divided}
      </p>
      <p className="calc">
        {amountText(all)} = {amountText(worker)} + {amountText(builder)} + {amountText(data)}
        {upstream === 0n ? null : ` + ${amountText(upstream)}`}
      </p>
      {kind === 'upstream' ? (
        <p>
          Of the last part <Amount of={amount} /> is for {model}, which it was grown from: that part is divided as{' '}
          {model}
          ’s own fees are, but for the share of workers, who did nothing for it.
        </p>
      ) : null}
      <p>Longer answers, more of them, or a higher price per token would have brought more.</p>
      <GoButton to={places.channel(channel)}>The answers that it was for</GoButton>
    </>
  )
}

function Reason({ account, payment }: { account: string; payment: TimedPayment }): ReactNode {
  const { kind, scoring, of, transaction, name } = payment
  const isClaim = kind === 'data' || kind === 'scoring'
  const sent = useCall('transaction', { hash: transaction })
  const shares = useCall('shares', { account, limit: 100 }, { enabled: isClaim })
  switch (kind) {
    case 'serving':
    case 'building':
    case 'upstream':
      return (
        <Read from={sent} what="the transaction">
          {view => <Divided sent={view} kind={kind} payment={payment} />}
        </Read>
      )
    case 'data':
    case 'scoring':
      return (
        <>
          <p>
            A claim brings all that final epochs of {name} gave this account and nobody had claimed. Each epoch has its
            own reason:
          </p>
          {BigInt(scoring) > 0n ? (
            <p>
              Of it <Amount of={scoring} /> is for answers that this account weighed: two hundredths of what each
              brought for the data, for every word that counted.
            </p>
          ) : null}
          <Read from={shares} what="the epochs">
            {({ items }) => (
              <ul className="earnings-stack">
                {items
                  .filter(share => share.pool === of)
                  .map(({ epoch, share, pool }) => (
                    <li key={epoch}>
                      <GoButton to={places.why(account, pool, epoch)}>
                        Epoch {epoch} gave {amountText(share)}: why?
                      </GoButton>
                    </li>
                  ))}
              </ul>
            )}
          </Read>
        </>
      )
    case 'training':
      return (
        <>
          <p>
            The price of the award, as this account had bid it. The builder put it in escrow before the training, and it
            was released when what was delivered was accepted. A bid is so much for each second that a few measured
            steps foretell.
          </p>
          <p>More lots, or a higher price for a second, would have brought more; a lower one wins more bids.</p>
          {of === null ? null : <GoButton to={places.job(of)}>The job and its bids</GoButton>}
        </>
      )
    case 'settling':
      return <p>A tenth of the bond of an epoch that this account showed to be false; the rest is burnt.</p>
    case 'validating':
      return <p>A tenth of the stake of a validator that this account showed to have voted twice; the rest is burnt.</p>
  }
}

/** Why a payment is what it is: the arithmetic, and what would have brought more. */
export function WhyPayment({ account, payment, close }: WhyPaymentProps) {
  return (
    <Dialog
      title={`Why ${amountText(payment.amount)} for ${kindWords[payment.kind].name.toLowerCase()}?`}
      isOpen
      close={close}
    >
      <div className="earnings-stack">
        <Reason account={account} payment={payment} />
        <p className="earnings-soft">
          Paid by transaction <Id id={payment.transaction} to={places.transaction(payment.transaction)} />.
        </p>
      </div>
    </Dialog>
  )
}
