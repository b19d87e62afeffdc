import { useList } from '../../api/index.ts'
import { countText } from '../../formats/index.ts'
import { Id, ReadList, Section, Table, When, Who } from '../../parts/index.ts'

/** To whom this daemon gave keys to a private Datanet's rows. */
export function KeysGiven({ id }: { readonly id: string }) {
  const given = useList('keysGiven', { id })
  return (
    <Section
      title="Who was given keys"
      note="By this node, and why. Each of them has signed for it, and can keep what the keys opened."
    >
      <ReadList from={given} what="who was given keys" empty={{ title: 'Nobody was given keys by this node.' }}>
        {items => (
          <Table
            label="Who was given keys"
            items={items}
            keyOf={({ asker, ground }) => `${asker} ${ground ?? ''}`}
            columns={[
              { name: 'Account', cell: ({ asker }) => <Who account={asker} /> },
              {
                name: 'Because of',
                cell: ({ by, ground }) =>
                  by === 'seat' ? 'its seat' : by === 'author' ? 'having written them' : <Id id={ground ?? ''} />
              },
              { name: 'Version', cell: ({ version }) => (version === null ? '–' : countText(version)) },
              { name: 'Keys', number: true, cell: ({ keys }) => countText(keys) },
              { name: 'Last', cell: ({ last }) => <When at={last} /> }
            ]}
          />
        )}
      </ReadList>
    </Section>
  )
}
