import type { Node } from '../../../node/node.ts'
import type { ModelView as NodeModel } from '../../../node/models/index.ts'
import { feeParts, mostUpstream, upstreamParts, type Upstream } from '../../../protocol/contracts/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { ModelView, UpstreamPartView } from '../contract/index.ts'

type Models = Pick<Node['models'], 'model'>

/** What a model's upstream is called, where it is known here. */
export function upstreamName(
  models: Models,
  { upstream }: Pick<NodeModel, 'upstream'>
): Pick<ModelView, 'upstreamName'> {
  const found = upstream === undefined ? undefined : models.model(upstream)
  return found === undefined ? {} : { upstreamName: found.name }
}

/** What of a fee goes to the models above one, the nearest first, as the contract divides it. */
export function upstreamOf(models: Models, of: NodeModel, fee: bigint): UpstreamPartView[] {
  const line: Upstream[] = []
  const names = new Map<string, string>()
  for (let next = of.upstream; next !== undefined && line.length < mostUpstream;) {
    const found = models.model(next)
    if (found === undefined) break
    const { id: model, name, builder, datanet, split } = found
    names.set(model, name)
    line.push({ model, builder, datanet, split })
    next = found.upstream
  }
  return upstreamParts(feeParts(fee, of.split, of.datanet !== zeroHash).upstream, line).map(
    ({ model, builder, datanet, toBuilder, toData }) => ({
      model,
      name: names.get(model) ?? '',
      builder,
      datanet: datanet === zeroHash ? null : datanet,
      toBuilder: toBuilder.toString(),
      toData: toData.toString()
    })
  )
}
