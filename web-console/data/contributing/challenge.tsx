import { useState } from 'react'
import type { ChallengeState, ChallengeView } from '../../../daemon/api/contract/juries.ts'
import { useAct, useCall } from '../../api/index.ts'
import { countText, manyText } from '../../formats/index.ts'
import {
  Amount,
  Button,
  Chip,
  Confirm,
  Failure,
  LongField,
  Read,
  Section,
  Table,
  When,
  Who
} from '../../parts/index.ts'

const sideText = (accepted: boolean): string => (accepted ? 'accepted' : 'refused')

const stepText: Readonly<Record<ChallengeView['state'], string>> = {
  drawing: 'Chance draws its jury',
  committing: 'Its jurors commit to their votes',
  showing: 'Its jurors show their votes',
  closing: 'Its jury is done',
  closed: 'A jury has decided, for good'
}

/** A decision that somebody holds for wrong: what it costs to say so, or how that stands. */
export function Challenge({ id }: { readonly id: string }) {
  const found = useCall('challengeOf', { id })
  return (
    <Read from={found} what="whether it can be challenged">
      {state => (state.challenge === null ? <Ask id={id} state={state} /> : <Stands view={state.challenge} />)}
    </Read>
  )
}

function Ask({ id, state }: { readonly id: string; readonly state: ChallengeState }) {
  const [isAsked, setAsked] = useState(false)
  const [reason, setReason] = useState('')
  const challenge = useAct('challenge', ['challengeOf', 'contribution', 'contributions'])
  const close = (): void => {
    setAsked(false)
    challenge.reset()
  }
  const { deposit, size, candidates, until, why } = state
  return (
    <Section
      title="If this was decided wrongly"
      note={
        `${countText(size)} jurors, drawn by chance of all who serve and have no part in it, decide once more ` +
        'and for good. More than two thirds of them are needed.'
      }
    >
      {why !== null ? (
        <p>It cannot be challenged now: {why}.</p>
      ) : (
        <>
          <p>
            A challenge puts <Amount of={deposit} /> down, which come back if the jury decides otherwise, and are burnt
            if not. {manyText(candidates, 'account')} could sit.
            {until === null ? null : (
              <>
                {' '}
                It is too late <When at={until} />.
              </>
            )}
          </p>
          <LongField
            label="What is wrong with it"
            note="The jurors read it, and so can everybody: it goes on chain."
            value={reason}
            onChange={setReason}
          />
          <Button
            isDisabled={reason.trim() === ''}
            onPress={() => {
              setAsked(true)
            }}
          >
            Challenge it
          </Button>
        </>
      )}
      <Confirm
        title="Have it decided once more?"
        isOpen={isAsked}
        close={close}
        act="Put the deposit down"
        look="wrong"
        isBusy={challenge.isPending}
        onAct={() => {
          challenge.mutate({ params: { id }, body: { reason } }, { onSuccess: close })
        }}
      >
        <p>
          <Amount of={deposit} /> leave this node’s account now. What the jury says is final, whichever way.
        </p>
        {challenge.error === null ? null : <Failure error={challenge.error} />}
      </Confirm>
    </Section>
  )
}

function outcomeText({ decided, overturned, accepted }: ChallengeView): string | undefined {
  if (decided === null) return undefined
  if (decided === 'nothing') return `No two thirds agreed: it stays ${sideText(accepted)}.`
  const said = sideText(decided === 'accepted')
  return overturned ? `It is ${said}, other than its validators had decided.` : `It stays ${said}.`
}

function Stands({ view }: { readonly view: ChallengeView }) {
  const { challenger, reason, deposit, returned, accepted, state, commitEnds, revealEnds, jurors, size, candidates } =
    view
  const outcome = outcomeText(view)
  const ends = state === 'committing' ? commitEnds : state === 'showing' ? revealEnds : null
  return (
    <Section title={stepText[state]} note={`Its validators had ${sideText(accepted)} it.`}>
      <p>
        <Who account={challenger} /> challenged that: {reason}
      </p>
      {outcome === undefined ? null : <p>{outcome}</p>}
      {returned === null ? null : (
        <p>
          The deposit of <Amount of={deposit} /> {returned === '0' ? 'was burnt' : 'went back'}.
        </p>
      )}
      {ends === null ? null : (
        <p>
          Their time ends <When at={ends} />.
        </p>
      )}
      {jurors.length === 0 ? (
        <p>
          {countText(size)} of {countText(candidates)} are drawn by the hash of a later block.
        </p>
      ) : (
        <Table
          label="Jurors"
          items={jurors}
          keyOf={({ juror }) => juror}
          columns={[
            { name: 'Juror', cell: ({ juror }) => <Who account={juror} /> },
            {
              name: 'Vote',
              cell: ({ step, accept }) =>
                step !== 'shown' ? (
                  <Chip {...(step === 'absent' ? { phase: 'wrong' as const } : {})}>
                    {step === 'waiting' ? 'not yet' : step}
                  </Chip>
                ) : accept === null ? (
                  <Chip>neither</Chip>
                ) : (
                  <Chip phase={accept ? 'data' : 'wrong'}>{accept ? 'for' : 'against'}</Chip>
                )
            }
          ]}
        />
      )}
    </Section>
  )
}
