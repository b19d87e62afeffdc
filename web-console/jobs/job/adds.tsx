import { useState } from 'react'
import { useCall } from '../../api/index.ts'
import { shareText, shortId, weightText } from '../../formats/index.ts'
import { Button, Card, Owes, Read, Section, Table, Who } from '../../parts/index.ts'

const note =
  "Held-out questions are answered by the siblings, with and without everybody's rows. " +
  "What becomes less likely without somebody's rows is what those rows add."

/** What each contributor's part adds, measured by siblings that were trained without it. */
export function Adds({ job }: { readonly job: string }) {
  const [isAsked, setAsked] = useState(false)
  const parts = useCall('jobParts', { id: job, limit: 200 }, { enabled: isAsked })
  return (
    <Section
      title="What each contributor's part adds"
      note={note}
      actions={isAsked ? undefined : <Button onPress={() => setAsked(true)}>Measure it</Button>}
    >
      {isAsked ? (
        <Read from={parts} what="what each part adds; the first time takes some seconds">
          {({ items }) => (
            <Card phase="data">
              <Owes
                title="Of all that the data added"
                note={`${items[0]?.questions ?? 0} held-out questions`}
                parts={items
                  .filter(({ share }) => share > 0)
                  .map(({ account, share }) => ({
                    key: account,
                    name: shortId(account),
                    text: account,
                    share: share / 1000
                  }))}
              />
              <Table
                label="What each contributor adds"
                items={items}
                keyOf={({ account }) => account}
                columns={[
                  { name: 'Contributor', cell: ({ account }) => <Who account={account} /> },
                  {
                    name: 'Adds to the probability of a right token',
                    number: true,
                    cell: ({ value }) => weightText(value)
                  },
                  {
                    name: 'Share',
                    number: true,
                    cell: ({ share, value }) =>
                      BigInt(value) <= 0n ? 'earns nothing: it helps no answer' : shareText(share / 1000)
                  }
                ]}
              />
            </Card>
          )}
        </Read>
      ) : null}
    </Section>
  )
}
