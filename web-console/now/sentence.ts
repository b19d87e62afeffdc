import type { DoingView, StageView } from '../../daemon/api/contract/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import { countText, manyText, plainAmount } from '../formats/index.ts'

/** Stages whose work is worth a title, the most telling first. */
const telling = ['training', 'inference', 'votes', 'checks', 'bids', 'delivery', 'settlement'] as const
export type Telling = (typeof telling)[number]

/** Where most happens now; undefined when nothing does. */
export function liveliest(stages: readonly StageView[]): Telling | undefined {
  return telling.find(wanted => stages.some(({ stage, active }) => stage === wanted && active > 0))
}

const countOf = (stages: readonly StageView[], wanted: Stage): number =>
  stages.find(({ stage }) => stage === wanted)?.count ?? 0
const amountOf = (stages: readonly StageView[], wanted: Stage): string =>
  stages.find(({ stage }) => stage === wanted)?.amount ?? '0'

/** What is so, in one sentence; `doing` is what is under way at the liveliest stage, as far as it is read. */
export function titleOf(
  stages: readonly StageView[],
  doing: readonly DoingView[],
  names: (account: string) => string
): string {
  const at = liveliest(stages)
  const many = stages.find(({ stage }) => stage === at)?.active ?? 0
  switch (at) {
    case 'training': {
      const one = doing.find(item => item.kind === 'training' && item.progress !== null)
      if (one?.kind !== 'training' || one.progress === null)
        return many === 1 ? 'A model is learning' : `${countText(many)} trainings are under way`
      const { step, steps } = one.progress
      return `${names(one.worker)} is training, step ${countText(step)} of ${countText(steps)}`
    }
    case 'inference':
      return many === 1 ? 'An answer is coming, word by word' : `${countText(many)} answers are coming, word by word`
    case 'votes':
      return `Validators are voting on ${manyText(many, 'contribution')}`
    case 'checks':
      return `${manyText(many, 'contribution')} ${many === 1 ? 'is' : 'are'} being checked`
    case 'bids':
      return `GPU owners are bidding for ${manyText(many, 'job')}`
    case 'delivery':
      return 'A trained model is being measured'
    case 'settlement':
      return 'What answers have earned waits for objections'
    case undefined:
      return restingTitle(stages)
  }
}

/** What the network has come to, while nothing moves. */
function restingTitle(stages: readonly StageView[]): string {
  const [files, models, answers] = [
    countOf(stages, 'contribution'),
    countOf(stages, 'registration'),
    countOf(stages, 'receipt')
  ]
  if (answers > 0)
    return `${manyText(models, 'model')} ${models === 1 ? 'has' : 'have'} given ${manyText(answers, 'answer')} so far`
  if (models > 0) return `${manyText(models, 'model')} ${models === 1 ? 'is' : 'are'} ready to be asked`
  if (files > 0) return `${manyText(files, 'file')} ${files === 1 ? 'has' : 'have'} been given`
  return 'The network is up, and the ground is ready'
}

/** The lines under it: what came of it in money, or where one is. */
export function leadOf(stages: readonly StageView[]): string {
  const [fees, paid, rows] = [amountOf(stages, 'receipt'), amountOf(stages, 'claim'), countOf(stages, 'acceptance')]
  // What this node has heard of may be less than what stands on chain: a part is told where it is one.
  if (BigInt(fees) >= BigInt(paid) && paid !== '0')
    return (
      `Those who asked paid ${plainAmount(fees)} TILTH. ` +
      `Of it ${plainAmount(paid)} went to the people whose data made the answers better.`
    )
  if (paid !== '0') return `${plainAmount(paid)} TILTH went to the people whose data made answers better.`
  if (fees !== '0')
    return `Those who asked paid ${plainAmount(fees)} TILTH; what data earned of it is claimed by epochs.`
  if (rows > 0) return `${manyText(rows, 'contribution')} can earn with every answer of a model that learned from them.`
  return 'Data becomes models, models give answers, and every answer pays whoever made it better.'
}
