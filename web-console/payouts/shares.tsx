import { useList } from '../api/index.ts'
import type { ShareView } from '../../daemon/api/contract/earnings.ts'
import { places } from '../app/places.ts'
import { shareText } from '../formats/index.ts'
import { Amount, Chip, GoButton, Id, ReadList, Section } from '../parts/index.ts'

/** What an epoch gave, or why it gave nothing: the rule in words. */
function Share({ share: view, account }: { readonly share: ShareView; readonly account: string }) {
  const { pool, name, epoch, state, share, dataFees, rule, why, help, vestedShare, resettled } = view
  const isPaid = rule === 'paid' || rule === 'scoring'
  const part = Number(BigInt(share)) / (Number(BigInt(dataFees)) || 1)
  return (
    <li className="share">
      <p className="share-head">
        <Id id={`${pool}/${epoch}`} to={places.epoch(pool, epoch)} name={`Epoch ${epoch} of ${name}`} />
        <Chip phase={state === 'voided' ? 'wrong' : 'payouts'}>{state}</Chip>
      </p>
      <p className="share-sum">
        <b>{isPaid ? <Amount of={share} /> : 'Held back'}</b>{' '}
        <span className="earnings-soft">
          {isPaid ? `${shareText(part)} of what it shared out` : 'nothing of'}{' '}
          {isPaid ? null : <Amount of={dataFees} />}
        </span>
      </p>
      <p className="share-why">
        {why} {help}
        {BigInt(vestedShare) > 0n || BigInt(resettled) !== 0n ? (
          <>
            {' '}
            <Amount of={vestedShare} /> of it earlier epochs had kept back
            {BigInt(resettled) === 0n ? (
              '.'
            ) : (
              <>
                , <Amount of={resettled.replace('-', '')} /> {BigInt(resettled) > 0n ? 'more' : 'less'} than at first:
                by what a later version shows.
              </>
            )}
          </>
        ) : null}
      </p>
      <GoButton to={places.why(account, pool, epoch)} look="quiet">
        Why this much?
      </GoButton>
    </li>
  )
}

/** What each epoch gave an account for its data, and what was held by which rule. */
export function Shares({ account }: { readonly account: string }) {
  const shares = useList('shares', { account, limit: 50 })
  return (
    <Section title="From data, epoch by epoch" note="An epoch shares out the data fees of many answers at once.">
      <ReadList
        from={shares}
        what="what epochs gave"
        empty={{
          title: 'No epoch knows this account: no model has learnt rows of its own yet, or none was asked since.'
        }}
      >
        {items => (
          <ul className="shares">
            {items.map(share => (
              <Share key={`${share.pool} ${share.epoch} ${share.state}`} share={share} account={account} />
            ))}
          </ul>
        )}
      </ReadList>
    </Section>
  )
}
