import { useState } from 'react'
import type { TermsView } from '../../../daemon/api/contract/terms.ts'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { useAct, useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText } from '../../formats/index.ts'
import { Button, Card, Confirm, Failure, Id, Notice, Read, Section, Who } from '../../parts/index.ts'
import { Differences } from '../rules/differences.tsx'
import { HandOver } from './hand-over.tsx'
import { Propose } from './propose.tsx'
import './datanet.css'

/** How the rules became what they are, what was put forward, and who hosts. */
export function Terms({ net }: { readonly net: DatanetView }) {
  const terms = useCall('terms', { id: net.id })
  const mayPropose = net.parents === undefined && net.roles.some(role => role === 'host' || role === 'validator')
  return (
    <Read from={terms} what="how the rules changed">
      {found => (
        <>
          <Section
            title="How the rules change"
            note={
              'Over two thirds of the validators’ weight set other rules, on chain. What is contributed is judged by ' +
              'the rules of then; questions, kind and what accepted rows may be stay for ever.'
            }
          >
            {found.next.map(one => (
              <Proposed key={one.amendment} of={one} net={net} />
            ))}
            {mayPropose ? <Propose net={net} terms={found} /> : null}
            <History of={found} />
          </Section>
          <HandOver net={net} terms={found} />
        </>
      )}
    </Read>
  )
}

function History({ of: { rules, number } }: { readonly of: TermsView }) {
  if (rules.length <= 1) return <p>These are its first rules, which stand in its id.</p>
  // Where the newest are none, those before go on.
  const newest = rules.at(-1)?.number === number
  const inForce = newest ? rules.findLast(({ why }) => why === null)?.number : undefined
  return (
    <ol className="terms" reversed>
      {[...rules].reverse().map(one => (
        <li key={one.number}>
          <h3 className="terms-title">
            Rules {countText(one.number)}
            {one.number === inForce ? ', in force' : ''}
          </h3>
          {one.set === null ? (
            <p className="net-small">Of its founding: they stand in its id.</p>
          ) : (
            <p className="net-small">
              Put forward by {one.set.by === null ? 'somebody' : <Who account={one.set.by} />}, set by roster{' '}
              {countText(one.set.roster)} in block {one.set.block},{' '}
              <Id id={one.set.transaction} to={places.find(one.set.transaction)} />
            </p>
          )}
          {one.why === null ? null : <Notice kind="wrong" title={`They are none: ${one.why}. Those before go on.`} />}
          <Differences of={one.differences} />
        </li>
      ))}
    </ol>
  )
}

interface ProposedProps {
  readonly of: TermsView['next'][number]
  readonly net: DatanetView
}

/** Rules that were put forward: a validator looks at what would change, and says its word once. */
function Proposed({ of, net }: ProposedProps) {
  const { amendment, by, number, differences, why, consent, against, total, spoke } = of
  const self = useCall('status').data?.address
  const speak = useAct('speakOnRules', ['terms', 'datanet', 'datanets'])
  const [word, setWord] = useState<boolean>()
  const isValidator = net.validators.some(({ address }) => address === self)
  const hasSpoken = self !== undefined && spoke.includes(self)
  const close = (): void => {
    setWord(undefined)
    speak.reset()
  }
  return (
    <Card>
      <h3 className="terms-title">Rules {countText(number)} were put forward</h3>
      <p className="net-small">
        By <Who account={by} />. For them {countText(consent)} of {countText(total)}, against them {countText(against)}.
      </p>
      {why === null ? null : <Notice kind="wrong" title={`Whoever agrees, they would be none: ${why}.`} />}
      <Differences of={differences} />
      {!isValidator ? null : hasSpoken ? (
        <p>This node has said its word.</p>
      ) : (
        <div className="terms-acts">
          <Button
            look="main"
            isDisabled={why !== null}
            onPress={() => {
              setWord(true)
            }}
          >
            Agree to them
          </Button>
          <Button
            onPress={() => {
              setWord(false)
            }}
          >
            Be against them
          </Button>
        </div>
      )}
      <Confirm
        title={word === false ? 'Be against these rules?' : 'Agree to these rules?'}
        isOpen={word !== undefined}
        close={close}
        act={word === false ? 'Say no on chain' : 'Sign them on chain'}
        isBusy={speak.isPending}
        onAct={() => {
          speak.mutate({ params: { id: net.id }, body: { amendment, consents: word === true } }, { onSuccess: close })
        }}
      >
        <p>A word on chain cannot be taken back. It costs a little gas.</p>
        <Differences of={differences} />
        {speak.error === null ? null : <Failure error={speak.error} />}
      </Confirm>
    </Card>
  )
}
