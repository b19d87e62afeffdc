import type { MachineView, StatusView } from '../../daemon/api/contract/index.ts'
import { places } from '../app/places.ts'
import { countText, manyText } from '../formats/index.ts'
import {
  Amount,
  Chip,
  Empty,
  Facts,
  Go,
  GoButton,
  Id,
  Notice,
  Read,
  Section,
  Table,
  When,
  Who
} from '../parts/index.ts'
import { Slashes } from '../explorer/slashes.tsx'
import { Automation } from './automation.tsx'
import { Glance } from './glance.tsx'
import { Shelf } from './shelf.tsx'
import { Whole } from './whole.tsx'
import './overview.css'

interface OverviewProps {
  readonly status: StatusView
  readonly machine: {
    readonly data: MachineView | undefined
    readonly error: Error | null
    readonly refetch: () => unknown
  }
}

/** Whether it earns, what it does by itself, what it offers, holds and turned down. */
export function Overview({ status, machine }: OverviewProps) {
  const { away, declined, serving, servingAll = [], roles } = status
  const isWorker = roles.includes('worker')
  return (
    <>
      {away === null ? null : (
        <div className="overview-away">
          <Notice title={`No new work: ${away.why}`}>
            {away.until === null ? null : (
              <p>
                It is taken on again <When at={away.until} />.
              </p>
            )}
          </Notice>
        </div>
      )}
      <Read from={machine} what="the machine">
        {view => <Glance status={status} machine={view} />}
      </Read>
      {isWorker ? (
        <>
          <Section
            title="What it offers"
            note="Models that this machine answers with now, and what it asks for a token."
          >
            {serving.length + servingAll.length === 0 ? (
              <Empty title="Nothing yet.">
                <GoButton to={places.bazaar}>Choose a model to serve</GoButton>
              </Empty>
            ) : serving.length === 0 ? null : (
              <Table
                label="What it offers"
                items={serving}
                keyOf={({ model }) => model}
                columns={[
                  { name: 'Model', cell: ({ model, name }) => <Go to={places.model(model)}>{name}</Go> },
                  { name: 'A token read', number: true, cell: ({ inputPrice }) => <Amount of={inputPrice} /> },
                  { name: 'A token written', number: true, cell: ({ outputPrice }) => <Amount of={outputPrice} /> },
                  {
                    name: 'Speed',
                    number: true,
                    cell: ({ tokensPerSecond }) => `${countText(tokensPerSecond)} tokens a second`
                  }
                ]}
              />
            )}
            <Whole bases={servingAll} />
          </Section>
          <Section
            title="Jobs it did not bid for"
            note="Each with the reason, and what would have it bid the next time."
          >
            {declined.length === 0 ? (
              <Empty title="None: it bid for every job that it heard of, or heard of none." />
            ) : (
              <ul className="declined">
                {declined.map(({ job, builder, code, reason, help, at, again }) => (
                  <li key={job}>
                    <div className="declined-head">
                      <span>
                        <Go to={places.job(job)}>A job</Go> of <Who account={builder} />
                      </span>
                      <span className="declined-when">
                        <When at={at} />
                        {again === null ? null : (
                          <>
                            , looked at again <When at={again} />
                          </>
                        )}
                      </span>
                    </div>
                    <p>
                      <Chip phase="jobs">{code}</Chip> {reason}
                    </p>
                    {help === '' ? null : <p className="declined-help">{help}</p>}
                  </li>
                ))}
              </ul>
            )}
          </Section>
        </>
      ) : null}
      <Automation steps={status.automation} />
      <Read from={machine} what="what lies on the disk">
        {view => <Shelf machine={view} />}
      </Read>
      <Slashes node={status.address} quiet />
      <Section title="Who it is">
        <Facts
          facts={[
            ['Account', <Id key="account" id={status.address} />],
            ['PeerId', <Id key="peer" id={status.peerId} />],
            ['Roles', roles.join(', ')],
            ['At stake', <Amount key="stake" of={status.stake} />],
            ['For gas', `about ${manyText(status.transactions, 'transaction')}`],
            ['Chain', `${status.chain.id}, block ${countText(BigInt(status.chain.block))}`],
            ['Version', status.version]
          ]}
        />
      </Section>
    </>
  )
}
