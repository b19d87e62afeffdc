import type { BazaarView } from '../../../daemon/api/contract/bazaar.ts'
import { useCall } from '../../api/index.ts'
import { exactTime, manyText, numberText } from '../../formats/index.ts'
import { Amount, Empty, Section, Table, Who } from '../../parts/index.ts'

type Offer = BazaarView['offers'][number]
const thousand = (price: string): bigint => BigInt(price) * 1000n

const foundOutText = ({ foundOut }: Offer): string =>
  foundOut === undefined
    ? '–'
    : `answers of epoch ${foundOut.epoch} are by other weights: asked only by name until ` +
      exactTime(foundOut.passedOverUntil)

/** Who serves it now, for how much and how fast: by their own word, and by what receipts show. */
export function Workers({ model: { id, name, offers } }: { readonly model: BazaarView }) {
  const use = useCall('modelUse', { id, days: 30 })
  const served = new Map((use.data?.workers ?? []).map(one => [one.worker, one]))
  const measured = (worker: string): string => {
    const one = served.get(worker)
    if (one === undefined) return 'none yet'
    // Receipts have times in whole seconds: over a few answers they say nothing.
    const speed = one.seconds < 5 ? '' : `, ${numberText(one.outputTokens / one.seconds, 2)} tokens a second`
    return `${manyText(one.answers, 'answer')}${speed}`
  }
  return (
    <Section
      title="Who serves it now"
      note="Speed, place and weights are a worker’s own word; receipts show what it did."
    >
      {offers.length === 0 ? (
        <Empty title="Nobody serves it now.">
          <span>
            A worker does with <code>tilth serve {name}</code>; this list hears of it by itself.
          </span>
        </Empty>
      ) : (
        <Table
          label="Workers"
          items={offers}
          keyOf={({ worker }) => worker}
          columns={[
            { name: 'Worker', cell: ({ worker }: Offer) => <Who account={worker} /> },
            {
              name: '1,000 tokens read',
              number: true,
              cell: ({ inputPrice }: Offer) => <Amount of={thousand(inputPrice)} />
            },
            {
              name: '1,000 tokens written',
              number: true,
              cell: ({ outputPrice }: Offer) => <Amount of={thousand(outputPrice)} />
            },
            { name: 'Tokens a second', number: true, cell: ({ tokensPerSecond }: Offer) => tokensPerSecond },
            { name: 'Offered', cell: ({ all }: Offer) => (all === true ? 'with all over its base' : 'by itself') },
            { name: 'Says it is in', cell: ({ region }: Offer) => region ?? '–' },
            { name: 'Says it answers from', cell: ({ weights }: Offer) => weights ?? '–' },
            { name: 'Drawn scorers say', cell: foundOutText },
            { name: 'By receipts', number: true, cell: ({ worker }: Offer) => measured(worker) },
            {
              name: 'Room now',
              number: true,
              cell: ({ capacity }: Offer) => (capacity === 0 ? 'full' : manyText(capacity, 'answer'))
            }
          ]}
        />
      )}
    </Section>
  )
}
