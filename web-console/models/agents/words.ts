import type { AgentView } from '../../../daemon/api/contract/agents.ts'
import { zeroHash } from '../../../protocol/primitives/hex.ts'
import { amountText, listText, manyText, shareText } from '../../formats/index.ts'

type Step = AgentView['steps'][number]
type Split = AgentView['split']

/** When a step is asked, and what it may choose; nothing where it is always asked and says what it likes. */
export const wayOf = ({ choices, when }: Pick<Step, 'choices' | 'when'>): string =>
  [
    ...(when === undefined ? [] : [`Asked only if ${when.step} is ${when.is.join(' or ')}.`]),
    ...(choices === undefined ? [] : [`Chooses ${choices.join(', ')}.`])
  ].join(' ')

export const costText = ({ fee }: Pick<AgentView, 'fee'>): string =>
  fee === '0' ? 'what its steps cost' : `${amountText(fee)} a call, and what its steps cost`

export function titleOf({ name, steps }: Pick<AgentView, 'name' | 'steps'>): string {
  const models = new Set(steps.map(({ model }) => model)).size
  return `${name} asks ${manyText(models, 'model')} in ${manyText(steps.length, 'step')}`
}

const points = (basisPoints: number): string => shareText(basisPoints / 10_000)

/** Who has which part of an agent's own fee; it stands on no data. */
export const feePartsText = ({ worker, builder, upstream = 0 }: Split): string =>
  listText([
    `${points(worker)} to who takes it`,
    `${points(builder)} to its builder`,
    ...(upstream === 0 ? [] : [`${points(upstream)} upstream`])
  ])

/**
 * Why it cannot be asked now, if it cannot: as the command line says it.
 * @param self whose own agents are free of fee
 */
export function awayText(
  { name, steps, fee, offered, builder }: AgentView,
  self: string | undefined
): { readonly title: string; readonly help: string } | undefined {
  const silent = steps.find(step => step.offered === 0)
  if (silent !== undefined)
    return {
      title: `Nobody offers ${silent.modelName}, which the step ${silent.name} asks.`,
      help: `A worker has to serve it: tilth serve ${silent.modelName}`
    }
  return fee === '0' || offered > 0 || builder === self
    ? undefined
    : {
        title: `Nobody takes the fee of ${name} now.`,
        help: 'Its builder, or who works for it, has to offer it; or ask its models yourself.'
      }
}

/** Whether a step's model was grown on a Datanet, whose people are paid for it. */
export const isOnData = (datanet: string): boolean => datanet !== zeroHash
