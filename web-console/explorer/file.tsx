import { useCall } from '../api/index.ts'
import { placeOf, places } from '../app/places.ts'
import { useParameter } from '../app/use-place.ts'
import { Chip, Empty, Go, Id, Page as Frame, Read, Section, Table } from '../parts/index.ts'
import { kindWords } from './words.ts'
import './explorer.css'

/** A file on IPFS: what in the network names it. */
export function Page() {
  const cid = useParameter('id')
  const file = useCall('file', { cid })
  const first = file.data?.named[0]
  return (
    <Frame
      title={first === undefined ? 'A file on IPFS' : `A file that ${first.name} names: ${first.as}`}
      lead={<Id id={cid} to={places.file(cid)} />}
    >
      <Read from={file} what="the file">
        {({ held, named }) => (
          <>
            <p>{held ? 'This node keeps it.' : 'This node does not keep it; others may have it.'}</p>
            <Section title="What names it">
              {named.length === 0 ? (
                <Empty title="Nothing that this node knows.">
                  <p>A file’s name is the hash of what is in it: whoever has it can show that it is the one.</p>
                </Empty>
              ) : (
                <Table
                  label="What names it"
                  items={named}
                  keyOf={({ kind, id, number, as }) => `${kind} ${id} ${number ?? ''} ${as}`}
                  columns={[
                    {
                      name: 'What',
                      cell: ({ kind }) => {
                        const { name, phase } = kindWords[kind]
                        return <Chip {...(phase === undefined ? {} : { phase })}>{name}</Chip>
                      }
                    },
                    { name: 'Named', cell: one => <Go to={placeOf(one)}>{one.name}</Go> },
                    { name: 'As', cell: ({ as }) => as }
                  ]}
                />
              )}
            </Section>
          </>
        )}
      </Read>
    </Frame>
  )
}
