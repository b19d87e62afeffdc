import { slashReason, slashWords } from '../../daemon/api/contract/explorer.ts'
import type { SlashView } from '../../daemon/api/contract/explorer.ts'
import { useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { shortId } from '../formats/index.ts'
import { Amount, Go, Id, ReadList, Section, Table, When, Who } from '../parts/index.ts'

interface SlashesProps {
  /** Of one node; of all without. */
  readonly node?: string
  /** Whether the section says so where no stake was taken, or is not there. */
  readonly quiet?: boolean
}

/** What it was taken for. */
function WhatFor({ slash }: { readonly slash: SlashView }) {
  const { contribution, pool, epoch, audit } = slash
  const reason = slashReason(slash)
  if (reason === undefined) return 'what this node has not noted'
  const { before, after } = slashWords[reason]
  return (
    <>
      {before} {contribution !== null && <Id id={contribution} to={places.contribution(contribution)} />}
      {pool !== null && epoch !== null && <Go to={places.epoch(pool, epoch)}>epoch {epoch}</Go>}
      {audit !== null && <span title={audit}>{shortId(audit)}</span>}
      {after}
    </>
  )
}

/** Stakes that were taken: whose, how much, for what, by whom. */
export function Slashes({ node, quiet = false }: SlashesProps) {
  const slashes = useList('slashes', { limit: 10, ...(node === undefined ? {} : { node }) })
  if (quiet && (slashes.items ?? []).length === 0) return null
  return (
    <Section
      title={node === undefined ? 'Stakes that were taken' : 'Its stake was taken'}
      note={
        'Whoever signs two different votes on one contribution loses all that it has at stake, and whoever proposes ' +
        'an epoch that is shown to be false what stands behind it; who was drawn as a juror or a scorer and shows ' +
        'nothing loses a part. A tenth at most goes to who showed it, the rest is burnt.'
      }
    >
      <ReadList
        from={slashes}
        what="the stakes that were taken"
        empty={{ title: 'None: nobody was shown to have done wrong.' }}
      >
        {items => (
          <Table
            label="Stakes that were taken"
            items={items}
            keyOf={({ transaction, node: slashed }) => `${transaction} ${slashed}`}
            columns={[
              { name: 'Node', cell: ({ node: slashed }) => <Who account={slashed} /> },
              { name: 'Lost', number: true, cell: ({ amount }) => <Amount of={amount} /> },
              {
                name: 'For',
                cell: slash => <WhatFor slash={slash} />
              },
              {
                name: 'Shown by',
                cell: ({ reporter, reward }) =>
                  reward === '0' ? 'nobody who is paid for it' : <Who account={reporter} />
              },
              {
                name: 'Transaction',
                cell: ({ transaction }) => <Id id={transaction} to={places.transaction(transaction)} />
              },
              {
                name: 'When',
                number: true,
                cell: ({ at, block }) => (at === null ? `block ${block}` : <When at={at} />)
              }
            ]}
          />
        )}
      </ReadList>
    </Section>
  )
}
