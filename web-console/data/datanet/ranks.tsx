import { useState } from 'react'
import type { RankView, WorthView } from '../../../daemon/api/contract/data-views.ts'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { rankRule } from '../../../protocol/payouts/rank.ts'
import { useList } from '../../api/index.ts'
import { countText, manyText, plainAmount, shareText, weightText } from '../../formats/index.ts'
import { Amount, Button, Owes, ReadList, Section, useNames, Who } from '../../parts/index.ts'
import '../contributing/contributing.css'
import './datanet.css'

/** Parts of the bar that are named; all others together. */
const named = 8

type Epoch = WorthView['epochs'][number]

const byPay = (a: WorthView, b: WorthView): number => {
  const [left, right] = [BigInt(a.paid), BigInt(b.paid)]
  return left < right ? 1 : left > right ? -1 : (b.own ?? 0) - (a.own ?? 0)
}

/** Who has none comes last. */
const placeOf = (ranked: RankView | undefined): number => ranked?.place ?? Number.MAX_SAFE_INTEGER

/** How an epoch came to what it paid an account, in numbers. */
function epochText({ epoch, state, share, heldOutShare, vestedShare, value }: Epoch): string {
  const pending = state === 'final' ? '' : ` (${state})`
  if (value !== null && BigInt(value) <= 0n)
    return (
      `epoch ${epoch}${pending}: 0, since its rows are worth ${weightText(value)} on the held-out questions, ` +
      'not above 0'
    )
  const seen = plainAmount(BigInt(share) - BigInt(heldOutShare) - BigInt(vestedShare))
  const before = BigInt(vestedShare) > 0n ? ` + ${plainAmount(vestedShare)} that earlier epochs had kept back` : ''
  return `epoch ${epoch}${pending}: ${seen} by answers + ${plainAmount(heldOutShare)} by held-out values${before}`
}

interface RankProps {
  readonly worth: WorthView
  readonly ranked: RankView | undefined
  /** What stands in its place where there is none. */
  readonly unranked: string
  readonly total: bigint
}

function Rank({ worth, ranked, unranked, total }: RankProps) {
  const [isOpen, setOpen] = useState(false)
  const { account, accepted, own, versions, epochs, paid } = worth
  const value = versions.at(-1)?.value ?? null
  const latest = epochs.at(-1)
  return (
    <li className="rank">
      <span className="rank-place">{ranked?.place ?? '–'}</span>
      <div className="rank-who">
        <Who account={account} />
        <span className="net-small">
          {own === null ? '' : `${manyText(own, 'row')} in `}
          {manyText(accepted, 'contribution')}
          {ranked === undefined || ranked.left === 0 ? '' : `, and ${manyText(ranked.left, 'row')} that left since`}
        </span>
      </div>
      <div className="rank-worth">
        <span>{value === null ? 'not measured here' : `worth ${weightText(value)}`}</span>
        <span className="net-small">on the held-out questions</span>
      </div>
      <div className="rank-pay">
        <b>
          <Amount of={paid} />
        </b>
        <span className="net-small">
          {total === 0n ? 'nothing paid yet' : `${shareText(Number((BigInt(paid) * 10_000n) / total) / 10_000)} of all`}
        </span>
      </div>
      <p className="rank-calc mono rank-how">{ranked === undefined ? unranked : `rank ${ranked.formula}`}</p>
      <p className="rank-calc mono rank-how">{latest === undefined ? 'no epoch yet' : epochText(latest)}</p>
      {epochs.length + versions.length > 2 ? (
        <Button
          look="quiet"
          aria-expanded={isOpen}
          onPress={() => {
            setOpen(!isOpen)
          }}
        >
          {isOpen ? 'Less' : 'All epochs and versions'}
        </Button>
      ) : null}
      {isOpen ? (
        <div className="rank-calc mono rank-how">
          {epochs.map((epoch, at) => (
            <div key={at}>{epochText(epoch)}</div>
          ))}
          {versions.map(version => (
            <div key={version.model}>
              version {version.version}, {version.name}:{' '}
              {version.value === null ? 'not measured' : weightText(version.value)}
            </div>
          ))}
        </div>
      ) : null}
    </li>
  )
}

/** Why somebody has no rank: only a list that is there and whole says that nothing of theirs was decided on. */
const unrankedText = ({ items, error, hasMore }: ReturnType<typeof useList<'ranks'>>): string => {
  if (error !== null) return 'ranks could not be read'
  if (items === undefined) return 'ranks are looked up'
  return hasMore ? 'not among the first in rank' : 'no rank before anything was decided on'
}

/** Who gave it, by what their rows are good for, with what they were paid and the arithmetic beside each number. */
export function Ranks({ net }: { readonly net: DatanetView }) {
  const worth = useList('worth', { id: net.id, limit: 1000 })
  const ranks = useList('ranks', { datanet: net.id, limit: 1000 })
  const rankOf = new Map(ranks.items?.map(one => [one.account, one]))
  const nameOf = useNames()
  return (
    <Section
      title={`Who ${net.name} pays`}
      note={
        'Each answer is weighed: how much likelier the rows of one contributor made it. What it paid for data is ' +
        'divided by that, as far as held-out questions bear it out.'
      }
    >
      <p className="rank-calc mono">
        of each answer’s money = part of what all rows added to it × how far the rows are believed; the rest by what
        rows are worth on held-out questions, and rows worth 0 or less on those earn nothing
      </p>
      <p className="rank-calc mono">{rankRule}</p>
      <ReadList
        from={worth}
        what="the contributors"
        empty={{ title: 'Nobody has contributed yet.', children: 'The first to give rows leads the list.' }}
      >
        {items => {
          const ranked = [...items].sort(byPay)
          const total = ranked.reduce((sum, { paid }) => sum + BigInt(paid), 0n)
          const share = (paid: string): number => (total === 0n ? 0 : Number((BigInt(paid) * 1_000_000n) / total) / 1e6)
          const first = ranked.slice(0, named)
          const rest = ranked.slice(named).reduce((sum, { paid }) => sum + share(paid), 0)
          return (
            <>
              {total === 0n ? null : (
                <Owes
                  title={`Paid for ${net.name} so far`}
                  note={<Amount of={total} />}
                  parts={[
                    ...first.map(({ account, paid }) => ({
                      key: account,
                      name: nameOf(account),
                      text: nameOf(account),
                      share: share(paid)
                    })),
                    ...(rest === 0
                      ? []
                      : [
                          {
                            key: 'rest',
                            name: `${countText(ranked.length - named)} more`,
                            text: 'all others',
                            share: rest,
                            isRest: true
                          }
                        ])
                  ]}
                />
              )}
              <ol className="ranks" aria-label="Contributors by rank">
                {[...ranked]
                  .sort((a, b) => placeOf(rankOf.get(a.account)) - placeOf(rankOf.get(b.account)))
                  .map(one => (
                    <Rank
                      key={one.account}
                      worth={one}
                      ranked={rankOf.get(one.account)}
                      unranked={unrankedText(ranks)}
                      total={total}
                    />
                  ))}
              </ol>
            </>
          )
        }}
      </ReadList>
    </Section>
  )
}
