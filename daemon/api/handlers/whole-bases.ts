import { isAgent } from '../../../protocol/models/index.ts'
import type { Node } from '../../../node/node.ts'
import type { StatusView } from '../contract/index.ts'

/** Bases of which this node offers every model, each by its own registration, else by the oldest model over it. */
export function wholeBases(models: Pick<Node['models'], 'models' | 'wholeBases'>): Pick<StatusView, 'servingAll'> {
  const whole = models.wholeBases()
  if (whole.length === 0) return {}
  const known = models.models().filter(model => !isAgent(model))
  return {
    servingAll: whole.flatMap(({ base, inputPrice, outputPrice, speed }) => {
      const over = known.filter(model => model.base === base)
      const model = over.find(({ adapter }) => adapter === null) ?? over[0]
      if (model === undefined) return []
      return {
        base,
        model: model.id,
        name: model.name,
        inputPrice: inputPrice.toString(),
        outputPrice: outputPrice.toString(),
        tokensPerSecond: Math.round(speed)
      }
    })
  }
}
