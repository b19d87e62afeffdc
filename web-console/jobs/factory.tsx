import { useList } from '../api/index.ts'
import { Id, Page as Frame, ReadList, Table, When } from '../parts/index.ts'

/** Tune jobs. */
export function Page() {
  const jobs = useList('jobs')
  return (
    <Frame title="Make a model that knows what a community knows" phase="jobs">
      <ReadList from={jobs} what="the jobs" empty={{ title: 'No job was posted yet.' }}>
        {items => (
          <Table
            label="Jobs"
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { name: 'Job', cell: ({ id }) => <Id id={id} /> },
              { name: 'State', cell: ({ state }) => state },
              { name: 'Posted', cell: ({ createdAt }) => <When at={createdAt} /> }
            ]}
          />
        )}
      </ReadList>
    </Frame>
  )
}
