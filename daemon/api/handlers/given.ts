import type { Node } from '../../../node/node.ts'
import { everyItem } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

/** What was contributed to a Datanet, one by one: what the pages that tell of people count. */
export interface Given {
  readonly contributor: Address
  readonly accepted: boolean
  readonly rows: number
  readonly own: number
  readonly rowIssues: readonly { readonly code: string }[]
}

/** In order of authorship; what a mix holds was contributed to its parents and stands in its latest version. */
export async function* givenTo(data: Node['data'], datanet: Hex): AsyncGenerator<Given> {
  const net = await data.datanet(datanet)
  if (net?.rules.parents === undefined) {
    for await (const one of everyItem(page => data.contributions(datanet, page)))
      yield { ...one, accepted: one.status === 'accepted' }
    return
  }
  if (net.latestVersion === 0) return
  for (const { contributor, own } of (await data.manifest(datanet, net.latestVersion)).entries)
    yield { contributor, accepted: true, rows: own.length, own: own.length, rowIssues: [] }
}
