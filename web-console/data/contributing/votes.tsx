import type { VotesView } from '../../../daemon/api/contract/data-views.ts'
import { voteCodeInWords } from '../../../protocol/data/because.ts'
import { useCall } from '../../api/index.ts'
import { countText, manyText } from '../../formats/index.ts'
import { Chip, Read, Section, Table, When, Who } from '../../parts/index.ts'

type Vote = VotesView['validators'][number]

const stepText = ({ step }: Vote, isOver: boolean): string =>
  step === 'committed' ? 'has voted; it is shown when all have' : isOver ? 'not heard' : 'not yet'

/** Who has voted, and what, as it arrives. */
export function Votes({ id, isOver }: { readonly id: string; readonly isOver: boolean }) {
  const votes = useCall('votes', { id })
  return (
    <Read from={votes} what="the votes">
      {({ validators, total, closesAt }) => {
        const weigh = (which: (vote: Vote) => boolean): number =>
          validators.filter(which).reduce((sum, { weight }) => sum + weight, 0)
        const accepting = weigh(({ step, accept }) => step === 'revealed' && accept === true)
        const rejecting = weigh(({ step, accept }) => step === 'revealed' && accept === false)
        const committed = weigh(({ step }) => step !== 'waiting')
        const abstaining = weigh(({ abstains }) => abstains)
        const needed = Math.max(Math.floor(((total - abstaining) * 2) / 3), Math.floor(total / 2)) + 1
        return (
          <Section
            title={isOver ? 'How they voted' : `${countText(committed)} of ${manyText(total, 'vote')} are in`}
            note={
              'Each validator commits to its vote before it sees another’s. More than two thirds for the same ' +
              'rows accept, more than one third against refuse. Who is for neither side leaves it to the others: two ' +
              'thirds of those, and more than half of all.'
            }
          >
            {closesAt === null ? null : (
              <p>
                The vote closes <When at={closesAt} />.
              </p>
            )}
            <div className="votes-bar" aria-hidden="true">
              {(
                [
                  ['for', accepting],
                  ['against', rejecting],
                  ['in', committed - accepting - rejecting],
                  ['rest', total - committed]
                ] as const
              ).map(([name, weight]) =>
                weight > 0 ? <span key={name} className={`votes-${name}`} style={{ flexGrow: weight }} /> : null
              )}
              <i style={{ insetInlineStart: `${(needed / total) * 100}%` }} />
            </div>
            <Table
              label="Votes by validator"
              items={validators}
              keyOf={({ validator }) => validator}
              columns={[
                { name: 'Validator', cell: ({ validator }) => <Who account={validator} /> },
                { name: 'Weight', number: true, cell: ({ weight }) => countText(weight) },
                {
                  name: 'Vote',
                  cell: vote =>
                    vote.step === 'revealed' && vote.abstains ? (
                      <Chip>neither</Chip>
                    ) : vote.step === 'revealed' ? (
                      <Chip phase={vote.accept === true ? 'data' : 'wrong'}>
                        {vote.accept === true ? 'for' : 'against'}
                      </Chip>
                    ) : (
                      stepText(vote, isOver)
                    )
                },
                {
                  name: 'Found the same rows as this node',
                  cell: ({ agrees }) => (agrees === null ? '–' : agrees ? 'yes' : 'no')
                },
                {
                  name: 'Why',
                  cell: ({ reason, code }) =>
                    reason === null && code === null ? (
                      '–'
                    ) : (
                      <>
                        {code === null ? null : `${voteCodeInWords(code)} `}
                        {reason === null ? null : <span dir="auto">{reason}</span>}
                      </>
                    )
                }
              ]}
            />
          </Section>
        )
      }}
    </Read>
  )
}
