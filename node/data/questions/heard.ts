import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ChainEventOf } from '../../chain/types.ts'
import type { DataDeps } from '../deps.ts'
import type { Interest } from '../interest/index.ts'
import type { QuestionsEvents } from './types.ts'

const names = ['BatchPut', 'BatchAccepted', 'BatchesDue', 'BatchOpened'] as const
type OfBatches = ChainEventOf<(typeof names)[number]>
const steps = { BatchPut: 'put', BatchAccepted: 'accepted', BatchesDue: 'due', BatchOpened: 'opened' } as const

/** Tells of sealed questions in the Datanets that are followed, and wakes who has to do something about them. */
export function hearQuestions(
  { chain: { ledger }, events }: Pick<DataDeps, 'chain'> & { events: { emit: Emit } },
  interest: Pick<Interest, 'has'>,
  wake: () => void
): Promise<() => Promise<void>> {
  async function heard(event: OfBatches): Promise<void> {
    const batch = event.name === 'BatchesDue' ? null : event.batch
    const known = batch === null ? undefined : await ledger.batch(batch)
    const datanet: Hex | undefined = 'datanet' in event ? event.datanet : known?.datanet
    if (datanet === undefined || !interest.has(datanet)) return
    const version = event.name === 'BatchesDue' ? event.version : (known?.accepted?.version ?? null)
    events.emit('data.questions', { datanet, batch, version, step: steps[event.name] })
    wake()
  }
  return ledger.consume({ name: 'questions', names: [...names], forward: heard, back: async () => undefined })
}

type Emit = (name: 'data.questions', news: QuestionsEvents['data.questions']) => void
