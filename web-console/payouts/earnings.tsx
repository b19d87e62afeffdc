import { useCall } from '../api/index.ts'
import { Amount, Page as Frame, Read, Table } from '../parts/index.ts'

/** What this identity earned. */
export function Page() {
  const status = useCall('status')
  const account = status.data?.address
  const earnings = useCall('earnings', account === undefined ? undefined : { account }, {
    enabled: account !== undefined
  })
  return (
    <Frame title="What came in, and for what" phase="payouts">
      <Read from={earnings} what="the earnings">
        {({ income }) => (
          <Table
            label="Income by kind of work"
            items={income}
            keyOf={({ kind }) => kind}
            columns={[
              { name: 'Work', cell: ({ kind }) => kind },
              { name: 'Paid', number: true, cell: ({ amount }) => <Amount of={amount} /> }
            ]}
          />
        )}
      </Read>
    </Frame>
  )
}
