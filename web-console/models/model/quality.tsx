import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { useAct } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText, numberText, weightText } from '../../formats/index.ts'
import { Button, Card, Empty, Failure, Go, Owes, Section, useNames } from '../../parts/index.ts'
import { exactText } from '../bazaar/words.ts'
import { makersOf } from './makers.ts'
import { QualityBar } from './quality-bar.tsx'

/** How well it does on held-out questions, by whose word, and whose rows make it so. */
export function Quality({ model }: { readonly model: BazaarView }) {
  const nameOf = useNames()
  const measure = useAct('measureModel', ['bazaarModel', 'bazaar'])
  const { id, adapter, quality, matches, heldOutLoss, datanet } = model
  if (adapter === null) return null
  const button = (
    <Button isDisabled={measure.isPending} onPress={() => measure.mutate({ params: { id } })}>
      {measure.isPending ? 'Measuring it here' : 'Measure it on this machine'}
    </Button>
  )
  return (
    <Section
      title="How well it answers"
      note="Held-out questions stand in nobody’s rows: no model that learnt from those has them by heart."
      actions={quality?.epoch === null && matches !== null ? undefined : button}
    >
      {measure.error === null ? null : <Failure error={measure.error} />}
      {quality === null ? (
        <Empty title="Nobody whom this node knows has measured it.">
          <span>
            {matches === null ? null : `This node has counted its exact answers: ${exactText(matches)}. `}
            Measuring fetches its siblings and takes this machine seconds to minutes; nothing is paid.
          </span>
        </Empty>
      ) : (
        <Card phase="models">
          <div className="model-quality">
            <QualityBar quality={quality} matches={matches} />
            <Owes title="Whose rows make it so" parts={makersOf(quality, nameOf)} />
            <p>
              {worseText(quality.values, nameOf)}
              {quality.epoch === null ? (
                <>Measured by this node itself, on {quality.questions} questions.</>
              ) : (
                <>
                  As <Go to={places.epoch(datanet, quality.epoch)}>epoch {quality.epoch}</Go> states for{' '}
                  {quality.questions} questions, which was open to anybody’s challenge.
                </>
              )}
              {builderText(heldOutLoss)}
            </p>
            {matches === null ? null : (
              <p>
                This node has counted the exact answers: {countText(matches.tuned)} of {countText(matches.questions)},
                its base model alone {countText(matches.base)}. An answer is exact if it is its author’s but for case,
                blanks, quotes around it and what ends its sentence; each model gives its likeliest one.
              </p>
            )}
          </div>
        </Card>
      )}
    </Section>
  )
}

/** Whose rows make held-out answers worse: they are paid nothing. */
function worseText(values: Readonly<Record<string, string>>, nameOf: (account: string) => string): string {
  const worse = Object.entries(values).filter(([, value]) => BigInt(value) <= 0n)
  if (worse.length === 0) return ''
  const named = worse.map(([account, value]) => `${nameOf(account)} (${weightText(value)})`).join(', ')
  return worse.length === 1
    ? `${named} makes held-out answers worse and is paid nothing. `
    : `${named} make held-out answers worse and are paid nothing. `
}

function builderText(loss: BazaarView['heldOutLoss']): string {
  if (loss === null) return ''
  const [tuned, base] = [numberText(loss.tuned), numberText(loss.base)]
  return ` Its builder measured a loss of ${tuned} a token, where the base model’s is ${base}.`
}
