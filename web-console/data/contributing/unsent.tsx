import type { UnsentView } from '../../../daemon/api/contract/bonds.ts'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { bondTerms } from '../../../protocol/data/bond.ts'
import { exactTokenText } from '../../../protocol/primitives/tokens.ts'
import { useAct, useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useGo } from '../../app/use-place.ts'
import { manyText } from '../../formats/index.ts'
import { Button, Failure, Notice } from '../../parts/index.ts'

/** What was signed for this Datanet under other rules, or for a time that is over, and so was not sent. */
export function Unsent({ net }: { readonly net: DatanetView }) {
  const unsent = useCall('unsent', { limit: 100 })
  const own = useCall('status').data?.address
  const here = (unsent.data?.items ?? []).filter(({ datanet }) => datanet === net.id)
  return (
    <>
      {here.map(one => (
        <NotSent key={one.id} one={one} net={net} isOwn={one.contributor === own} />
      ))}
    </>
  )
}

interface NotSentProps {
  readonly one: UnsentView
  readonly net: DatanetView
  /** Whether this node can sign it anew: it has that key. */
  readonly isOwn: boolean
}

function NotSent({ one: { id, rows, says }, net, isOwn }: NotSentProps) {
  const go = useGo()
  const confirm = useAct('confirmContribution', ['unsent', 'contributions'])
  const { bond } = bondTerms(net.rules)
  return (
    <Notice title={`${manyText(rows, 'row')} that were given before were not sent: ${says}.`}>
      <p>
        {isOwn
          ? 'Read the rules below. If you agree to them, they are signed anew and sent.'
          : 'They were signed by another key than this node has: give the file again.'}
      </p>
      {isOwn ? (
        <Button
          isDisabled={confirm.isPending}
          onPress={() => {
            confirm.mutate(
              { params: { id }, body: { bond: String(bond) } },
              {
                onSuccess: sent => {
                  go(places.contribution(sent.id))
                }
              }
            )
          }}
        >
          {bond === 0n ? 'Agree and send' : `Agree, lock ${exactTokenText(bond)} tokens and send`}
        </Button>
      ) : null}
      {confirm.error === null ? null : <Failure error={confirm.error} />}
    </Notice>
  )
}
