import type { Hex } from '../../protocol/primitives/hex.ts'
import { useCall, useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { RootStands } from '../chain/index.ts'
import { useParameter } from '../app/use-place.ts'
import type { EpochPage } from '../../daemon/api/contract/explorer.ts'
import { amountText, weightText } from '../formats/index.ts'
import {
  Amount,
  Card,
  Chip,
  Facts,
  Go,
  Id,
  Notice,
  Owes,
  Page as Frame,
  Read,
  ReadList,
  Section,
  Table,
  When,
  Who,
  useNames
} from '../parts/index.ts'
import './explorer.css'

const stateWords: Readonly<Record<string, string>> = {
  pending: 'It stands on chain, and can be challenged until its window is over.',
  final: 'It is final: what it gives can be claimed.',
  voided: 'Somebody showed a fault in it: it pays nobody.'
}

/** What an epoch paid whom, and what stands behind it. */
export function Page() {
  const pool = useParameter('pool')
  const number = Number(useParameter('epoch'))
  const epoch = useCall('epoch', { pool, epoch: number })
  return (
    <Frame
      title={
        epoch.data === undefined
          ? `Epoch ${number}`
          : `Epoch ${number} of ${epoch.data.name} shares out ${amountText(epoch.data.dataFees)}`
      }
      lead={epoch.data === undefined ? null : stateWords[epoch.data.state]}
      phase="payouts"
    >
      <Read from={epoch} what="the epoch">
        {view => (
          <>
            <About view={view} />
            <Payouts view={view} />
            <Counted pool={pool} number={number} />
          </>
        )}
      </Read>
    </Frame>
  )
}

function About({ view }: { readonly view: EpochPage }) {
  const nameOf = useNames()
  const paid = view.payouts.filter(({ share }) => BigInt(share) > 0n)
  // What it divides, with what earlier epochs had kept back; of the first it keeps back what is in nobody's share.
  const vested = view.payouts.reduce((sum, line) => sum + BigInt(line.vestedShare), 0n)
  const shared = view.payouts.reduce((sum, { share }) => sum + BigInt(share), 0n)
  const all = BigInt(view.dataFees) + vested
  const kept = view.whole ? all - shared - BigInt(view.held) : 0n
  const total = Number(all) || 1
  return (
    <>
      {view.faults === null || view.faults.length === 0 ? null : (
        <Notice kind="wrong" title={`This node found it wrong: ${view.faults.join(', ')}`} />
      )}
      <Card phase="payouts">
        <Owes
          title="Who earned it"
          note={
            view.whole
              ? BigInt(view.held) > 0n
                ? `${amountText(view.held)} is held for the next epoch`
                : undefined
              : 'not all of it is known here: the epoch is old, or what stands behind it is not to be had now'
          }
          parts={[
            ...paid
              .toSorted((a, b) => (BigInt(a.share) < BigInt(b.share) ? 1 : -1))
              .map(({ account, share }) => ({
                key: account,
                name: <Who account={account} />,
                text: nameOf(account),
                share: Number(BigInt(share)) / total
              })),
            ...(BigInt(view.held) > 0n
              ? [{ key: 'held', name: 'held', text: 'held', share: Number(BigInt(view.held)) / total, isRest: true }]
              : []),
            ...(kept > 0n
              ? [{ key: 'kept', name: 'kept back', text: 'kept back', share: Number(kept) / total, isRest: true }]
              : [])
          ]}
        />
        <div className="card-part">
          <Facts
            facts={[
              ['Datanet', <Id key="d" id={view.pool} to={places.datanet(view.pool)} name={view.name} />],
              [
                'State',
                <Chip key="s" phase={view.state === 'voided' ? 'wrong' : 'payouts'}>
                  {view.state}
                </Chip>
              ],
              ['Answers that it counts', view.receipts],
              ['Their fees', <Amount key="f" of={view.receiptsTotal} />],
              ['Proposed by', <Who key="p" account={view.proposer} />],
              ['Can be challenged until', <When key="c" at={view.challengeEnds} />],
              ['All that stands behind it', <Id key="b" id={view.bundle} to={places.file(view.bundle)} />],
              [
                'Transaction',
                view.transaction === null ? (
                  'not read yet'
                ) : (
                  <Id key="t" id={view.transaction} to={places.transaction(view.transaction)} />
                )
              ]
            ]}
          />
        </div>
        {view.state === 'voided' ? null : (
          <div className="card-part">
            <RootStands
              claim={{
                kind: 'payouts',
                of: view.pool as Hex,
                number: view.epoch,
                root: view.payoutsRoot as Hex,
                sum: view.payoutsTotal
              }}
            >
              what epoch {view.epoch} pays
            </RootStands>
          </div>
        )}
      </Card>
    </>
  )
}

function Payouts({ view: { pool, epoch, payouts } }: { readonly view: EpochPage }) {
  return (
    <Section
      title="What it gives to whom"
      note="The gate is what its rows are worth on held-out questions: they are believed only above zero."
    >
      <Table
        label="What it gives to whom"
        items={payouts}
        keyOf={({ account }) => account}
        columns={[
          { name: 'Account', cell: ({ account }) => <Who account={account} /> },
          { name: 'Gate', number: true, cell: ({ gate }) => (gate === null ? 'no player' : weightText(gate)) },
          { name: 'Share', number: true, cell: ({ share }) => <Amount of={share} /> },
          {
            name: 'Why',
            number: true,
            cell: ({ account }) => (
              <span className="explorer-chips">
                <Go to={places.why(account, pool, epoch)}>Why this much?</Go>
                <Go to={places.payout(account, pool, epoch)}>Its place on chain</Go>
              </span>
            )
          }
        ]}
      />
    </Section>
  )
}

function Counted({ pool, number }: { readonly pool: string; readonly number: number }) {
  const receipts = useList('epochReceipts', { pool, epoch: number, limit: 50 })
  return (
    <Section title="The answers that it counts" note="In the order of its tree. Two signatures are under each.">
      <ReadList from={receipts} what="the answers" empty={{ title: 'It counts none.' }}>
        {items => (
          <Table
            label="The answers that it counts"
            items={items}
            keyOf={({ receipt }) => receipt}
            columns={[
              { name: 'Receipt', cell: ({ receipt }) => <Id id={receipt} to={places.receipt(receipt)} /> },
              { name: 'Client', cell: ({ client }) => <Who account={client} /> },
              { name: 'Worker', cell: ({ worker }) => <Who account={worker} /> },
              { name: 'Fee', number: true, cell: ({ fee }) => <Amount of={fee} /> }
            ]}
          />
        )}
      </ReadList>
    </Section>
  )
}
