import type { JuryView } from '../../../daemon/api/contract/juries.ts'
import { useAct, useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { manyText } from '../../formats/index.ts'
import { Button, Chip, Failure, Go, Section, Table, When } from '../../parts/index.ts'

type Item = JuryView['duties'][number]

const voteText: Readonly<Record<string, string>> = { true: 'for', false: 'against', abstain: 'neither' }

/** What this node is asked as a juror of challenged decisions; nothing where it has no seat and is asked nothing. */
export function Jury() {
  const { data } = useCall('jury')
  const vote = useAct('juryVote', ['jury'])
  if (data === undefined || (!data.seated && data.duties.length === 0)) return null
  const say = (id: string, accept: boolean): void => {
    vote.mutate({ params: { id }, body: { accept } })
  }
  const isAsked = ({ vote: mine, state }: Item): boolean => mine === null && state === 'committing'
  return (
    <Section
      title={
        data.duties.length === 0
          ? 'No jury asks for you'
          : `You sit on ${manyText(data.duties.length, 'jury', 'juries')}`
      }
      note="Chance has drawn you for decisions that somebody challenged. Who shows no vote loses a part of its stake."
    >
      {data.duties.length === 0 ? null : (
        <Table
          label="Juries"
          items={data.duties}
          keyOf={({ contribution }) => contribution}
          columns={[
            {
              name: 'Contribution',
              cell: ({ contribution, datanetName }) => <Go to={places.contribution(contribution)}>{datanetName}</Go>
            },
            { name: 'Why', cell: ({ reason }) => reason },
            {
              name: 'Your checks',
              cell: ({ advice }) =>
                advice === null ? (
                  <Chip>not yet</Chip>
                ) : (
                  <Chip phase={advice ? 'data' : 'wrong'}>{advice ? 'for' : 'against'}</Chip>
                )
            },
            {
              name: 'Your vote',
              cell: item =>
                item.vote !== null ? (
                  <Chip>{voteText[String(item.vote)] ?? ''}</Chip>
                ) : isAsked(item) && item.advice !== null ? (
                  <>
                    <Button
                      isDisabled={vote.isPending}
                      onPress={() => {
                        say(item.contribution, true)
                      }}
                    >
                      For it
                    </Button>{' '}
                    <Button
                      isDisabled={vote.isPending}
                      onPress={() => {
                        say(item.contribution, false)
                      }}
                    >
                      Against it
                    </Button>
                  </>
                ) : (
                  <Chip>waits</Chip>
                )
            },
            { name: 'Until', cell: ({ commitEnds }) => (commitEnds === null ? '' : <When at={commitEnds} />) }
          ]}
        />
      )}
      {vote.error === null ? null : <Failure error={vote.error} />}
    </Section>
  )
}
