import type { ContributionView } from '../../daemon/api/contract/views.ts'
import { useCall } from '../api/index.ts'
import { places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { countText, manyText } from '../formats/index.ts'
import { Facts, Go, GoButton, Id, Notice, Page as Frame, Read, When, Who } from '../parts/index.ts'
import { Challenge } from './contributing/challenge.tsx'
import { Bond } from './contributing/bond.tsx'
import { CallSpam } from './contributing/call-spam.tsx'
import { CheckList } from './contributing/check-list.tsx'
import { Earned } from './contributing/earned.tsx'
import { Refused } from './contributing/refused.tsx'
import { isDecided, statusSentence } from './contributing/status.tsx'
import { Steps } from './contributing/steps.tsx'
import { Votes } from './contributing/votes.tsx'
import { Withdraw } from './contributing/withdraw.tsx'
import './data.css'

/** What becomes of one contribution, as it happens. */
export function Page() {
  const id = useParameter('id')
  const contribution = useCall('contribution', { id })
  if (contribution.error?.code === 'contribution.unknown')
    return (
      <Frame title="This contribution is not known here yet" phase="data">
        <Notice title="If it was just sent, it is on its way to the chain.">
          <p>It shows here by itself as soon as a block has it, where this node follows its Datanet.</p>
        </Notice>
      </Frame>
    )
  return (
    <Read from={contribution} what="the contribution">
      {view => <Contribution view={view} />}
    </Read>
  )
}

function titleOf({ status, own, rows, withdrawal, removed }: ContributionView, name: string): string {
  if (removed === 'taken-down') return `A contribution to ${name} was taken down`
  if (removed === 'withdrawn') return `A contribution to ${name} was taken back`
  if (withdrawal === 'done' && status !== 'accepted') return `A contribution to ${name} was taken back`
  switch (status) {
    case 'committed':
      return `A contribution to ${name} has its place`
    case 'revealed':
      return `${manyText(rows, 'row')} for ${name} wait for their vote`
    case 'voting':
      return `Validators vote on ${manyText(rows, 'row')} for ${name}`
    case 'accepted':
      return own === null ? `A contribution went into ${name}` : `${manyText(own, 'row')} went into ${name}`
    case 'rejected':
      return `${name} did not take this contribution`
    case 'expired':
      return `This contribution to ${name} came to nothing`
  }
}

function rowsText({ rows, own }: ContributionView): string {
  if (rows === 0) return 'not shown yet'
  return own === null ? countText(rows) : `${countText(own)} of ${countText(rows)} are its own`
}

function Contribution({ view }: { readonly view: ContributionView }) {
  const { id, datanet, contributor, index, seenAt, cid, status } = view
  const net = useCall('datanet', { id: datanet })
  const bond = useCall('bond', { id }, { enabled: net.data?.rules.bond !== undefined })
  const name = net.data?.name ?? 'its Datanet'
  const hasRefused = view.rowIssues.length > 0
  return (
    <Frame
      title={titleOf(view, name)}
      phase="data"
      above={<Go to={places.datanet(datanet)}>{name}</Go>}
      lead={statusSentence(view)}
      actions={
        <>
          {hasRefused && isDecided(view) ? (
            <GoButton look="main" to={places.mend(datanet, id)}>
              Mend the refused rows and send again
            </GoButton>
          ) : null}
          {view.help === undefined ? null : (
            <GoButton look="main" to={places.contribute(datanet)}>
              Contribute it again
            </GoButton>
          )}
          {view.withdrawal === 'possible' ? <Withdraw id={id} status={status} /> : null}
          {bond.data === undefined || net.data === undefined ? null : (
            <CallSpam bond={bond.data} validators={net.data.validators} />
          )}
          <GoButton to={places.statements(id)}>What was signed</GoButton>
        </>
      }
    >
      <Steps view={view} />
      <div className="contribution-facts">
        <Facts
          facts={[
            ['Contributor', <Who key="by" account={contributor} />],
            ['In the order of authorship', index === null ? 'not placed yet' : `number ${countText(index)}`],
            ['Heard of here', <When key="at" at={seenAt} />],
            ['Rows', rowsText(view)],
            ...(bond.data === undefined ? [] : [['Locked with it', <Bond key="bond" of={bond.data} />] as const]),
            ['Contribution', <Id key="id" id={id} to={places.contribution(id)} />],
            ...(cid === null ? [] : [['File on IPFS', <Id key="cid" id={cid} />] as const])
          ]}
        />
      </div>
      <Votes id={id} isOver={isDecided(view)} />
      {status === 'accepted' || status === 'rejected' ? <Challenge id={id} /> : null}
      {view.checks.length === 0 ? null : <CheckList checks={view.checks} />}
      {status === 'accepted' ? <Earned view={view} /> : null}
      {hasRefused ? <Refused id={id} count={view.rowIssues.length} /> : null}
    </Frame>
  )
}
