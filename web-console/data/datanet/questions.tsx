import type { BatchView, QuestionsView } from '../../../daemon/api/contract/questions.ts'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { useAct, useCall } from '../../api/index.ts'
import { manyText } from '../../formats/index.ts'
import { Button, Chip, Failure, Id, Read, Section, Table, When, Who } from '../../parts/index.ts'
import './datanet.css'

const says = {
  asked: 'validators decide',
  refused: 'refused',
  void: 'void: others sit by now',
  sealed: 'sealed',
  due: 'to be opened',
  open: 'open',
  spent: 'spent',
  lost: 'never opened'
} as const

/** Held-out questions in sealed batches: who wrote those that judge the newest version, and what comes next. */
export function Questions({ net }: { readonly net: DatanetView }) {
  const questions = useCall('questions', { id: net.id })
  return (
    <Read from={questions} what="its held-out questions">
      {found =>
        // One that has none is as it was founded, and says so with its rules.
        found.batches.length === 0 ? null : (
          <Section
            title="Sealed held-out questions"
            note={
              'Only validators read them until the version that they judge is anchored; then they are public, and ' +
              'spent. Nobody writes more than a third of those that judge a version.'
            }
          >
            <Judging of={found} />
            <Table
              label="Batches of held-out questions"
              items={found.batches}
              keyOf={({ batch }) => batch}
              columns={[
                { name: 'Batch', cell: ({ batch }) => <Id id={batch} /> },
                { name: 'Writer', cell: ({ writer }) => <Who account={writer} /> },
                { name: 'State', cell: one => <State of={one} /> },
                { name: 'Version', number: true, cell: ({ version }) => version ?? '' },
                { name: 'Questions', number: true, cell: ({ questions: count }) => count ?? 'sealed' },
                { name: 'Your word', cell: one => <Word of={one} net={net} /> }
              ]}
            />
          </Section>
        )
      }
    </Read>
  )
}

function Judging({ of: { judging, batches } }: { readonly of: QuestionsView }) {
  const count = (...states: BatchView['state'][]): number =>
    batches.filter(({ state }) => states.includes(state)).length
  const tally = `${count('sealed', 'due')} sealed, ${count('open')} open, ${count('spent')} spent.`
  if (judging === null) return <p>{tally} There is no version yet.</p>
  const { version, open, batches: accepted, writers } = judging
  if (writers === null && open === accepted)
    return (
      <p>
        {tally} Version {version} cannot be had here at the moment, to say who wrote what judges it.
      </p>
    )
  if (writers === null)
    return (
      <p>
        {tally} Version {version} waits for its questions: {open} of {manyText(accepted, 'batch', 'batches')} are open.
      </p>
    )
  return (
    <>
      <p>
        {tally} Version {version} is judged by{' '}
        {manyText(
          writers.reduce((sum, one) => sum + one.questions, 0),
          'question'
        )}
        :
      </p>
      <ul>
        {writers.map(({ writer, questions }) => (
          <li key={writer ?? 'founder'}>
            {questions} by {writer === null ? 'its founder, public from the first day' : <Who account={writer} />}
          </li>
        ))}
      </ul>
    </>
  )
}

function State({ of: { state, consent, against, total, fault, until } }: { readonly of: BatchView }) {
  return (
    <>
      <Chip>{says[state]}</Chip>
      {state === 'asked' ? ` for it ${consent} of ${total}, against it ${against}` : null}
      {state === 'due' && until !== null ? (
        <>
          {' '}
          until <When at={until} />
        </>
      ) : null}
      {fault === null ? null : ` ${fault.question === undefined ? '' : `question ${fault.question}: `}${fault.words}`}
    </>
  )
}

/** A validator's word on what was sealed to it, once. */
function Word({ of: { batch, state, spoke }, net }: { readonly of: BatchView; readonly net: DatanetView }) {
  const self = useCall('status').data?.address
  const speak = useAct('speakOnQuestions', ['questions'])
  if (state !== 'asked' || !net.validators.some(({ address }) => address === self)) return null
  if (self !== undefined && spoke.includes(self)) return <>said</>
  const say = (consents: boolean) => () => {
    speak.mutate({ params: { id: net.id }, body: { batch, consents } })
  }
  return (
    <span className="terms-acts">
      <Button isDisabled={speak.isPending} onPress={say(true)}>
        Accept
      </Button>
      <Button isDisabled={speak.isPending} onPress={say(false)}>
        Refuse
      </Button>
      {speak.error === null ? null : <Failure error={speak.error} />}
    </span>
  )
}
