import { leastDataShareOf } from '../../../protocol/data/index.ts'
import type { ModelView as NodeModel } from '../../../node/models/index.ts'
import type { Node } from '../../../node/node.ts'
import type { ModelView } from '../contract/index.ts'

type Grown = Pick<NodeModel, 'datanet' | 'id' | 'split' | 'version'>
type Asked = Pick<ModelView, 'leastDataShare'>

/**
 * What models' Datanets asked for their data when they were registered, of those that give less and so are never
 * weighed. Rules of a time are looked up once; a Datanet whose rules are not known here marks nothing.
 */
export function createShareAsked({ chain, data }: Pick<Node, 'chain' | 'data'>): (of: Grown) => Promise<Asked> {
  const known = new Map<string, Promise<number>>()
  const find = async (datanet: Grown['datanet'], block: bigint | undefined): Promise<number> => {
    if ((await data.datanet(datanet)) === undefined) return 0
    return leastDataShareOf(await data.rulesAt(datanet, block === undefined ? undefined : block - 1n))
  }
  return async ({ id, datanet, version, split }) => {
    if (version === 0) return {}
    const block = (await chain.ledger.model(id))?.block
    const name = `${datanet}/${block === undefined ? '' : await chain.ledger.rulesAt(datanet, block - 1n)}`
    const found = known.get(name) ?? find(datanet, block)
    known.set(name, found)
    const least = await found
    return split.data < least ? { leastDataShare: least } : {}
  }
}
