import type { Hex } from '../../protocol/primitives/hex.ts'
import { useCall, useList } from '../api/index.ts'
import { places } from '../app/places.ts'
import { RootStands } from '../chain/index.ts'
import { useParameter } from '../app/use-place.ts'
import { manyText } from '../formats/index.ts'
import { Card, Facts, Go, Id, Page as Frame, Read, ReadList, Section, Table, Who } from '../parts/index.ts'
import './explorer.css'

/** What was accepted by one version of a Datanet. */
export function Page() {
  const id = useParameter('id')
  const number = Number(useParameter('version'))
  const version = useCall('versionEntries', { id, version: number, limit: 1 })
  const entries = useList('versionEntries', { id, version: number, limit: 100 })
  const anchored = version.data?.version
  return (
    <Frame
      title={
        anchored === undefined
          ? `Version ${number}`
          : `Version ${number} of ${anchored.name} holds ${manyText(anchored.count, 'contribution')}`
      }
      lead="What is in it is fixed: its root stands on chain, and models name the version that they learnt."
      phase="data"
    >
      <Read from={version} what="the version">
        {({ version: { root, cid, transaction, datanet, name } }) => (
          <Card phase="data">
            <Facts
              facts={[
                ['Datanet', <Id key="d" id={datanet} to={places.datanet(datanet)} name={name} />],
                ['Root', <Id key="r" id={root} />],
                ['Its list', <Id key="l" id={cid} to={places.file(cid)} />],
                [
                  'Anchored by',
                  transaction === undefined ? (
                    'not read yet'
                  ) : (
                    <Id key="t" id={transaction} to={places.transaction(transaction)} />
                  )
                ]
              ]}
            />
            <div className="card-part">
              <RootStands claim={{ kind: 'version', of: datanet as Hex, number, root: root as Hex }}>
                version {number}
              </RootStands>
            </div>
          </Card>
        )}
      </Read>
      <Section title="What is in it" note="In the order of authorship: who was first is credited.">
        <ReadList from={entries} what="its contributions" empty={{ title: 'Nothing is in it.' }}>
          {items => (
            <Table
              label="What is in it"
              items={items}
              keyOf={({ contribution }) => contribution}
              columns={[
                {
                  name: 'Contribution',
                  cell: one => <Id id={one.contribution} to={places.contribution(one.contribution)} />
                },
                { name: 'Contributor', cell: one => <Who account={one.contributor} /> },
                { name: 'Rows that count', number: true, cell: ({ own }) => own },
                { name: 'File', cell: ({ cid }) => <Id id={cid} to={places.file(cid)} /> },
                {
                  name: 'Proof',
                  number: true,
                  cell: one => <Go to={places.statements(one.contribution)}>Signatures and way</Go>
                }
              ]}
            />
          )}
        </ReadList>
      </Section>
    </Frame>
  )
}
