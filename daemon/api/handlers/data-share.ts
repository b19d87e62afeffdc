import { leastDataShareOf } from '../../../protocol/data/index.ts'
import type { ModelView as NodeModel } from '../../../node/models/index.ts'
import type { Node } from '../../../node/node.ts'
import type { ModelView } from '../contract/index.ts'

type Grown = Pick<NodeModel, 'datanet' | 'version' | 'split'>
type Asked = Pick<ModelView, 'leastDataShare'>

/**
 * What models' Datanets ask for their data, of those that give less and so are never weighed. Each Datanet is looked up
 * once; one whose rules are not known here marks nothing.
 */
export function createShareAsked(data: Pick<Node['data'], 'datanet'>): (of: Grown) => Promise<Asked> {
  const known = new Map<string, Promise<number>>()
  const find = async (datanet: Grown['datanet']): Promise<number> => {
    const net = await data.datanet(datanet)
    return net === undefined ? 0 : leastDataShareOf(net.rules)
  }
  return async ({ datanet, version, split }) => {
    if (version === 0) return {}
    const found = known.get(datanet) ?? find(datanet)
    known.set(datanet, found)
    const least = await found
    return split.data < least ? { leastDataShare: least } : {}
  }
}
