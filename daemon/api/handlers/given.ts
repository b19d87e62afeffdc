import type { ModelView } from '../../../node/models/index.ts'
import type { Node } from '../../../node/node.ts'
import { everyItem } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

/** Models of a Datanet that are looked at, the newest: each may have a held-out value for each contributor. */
const mostModels = 50
export const grownFrom = (models: Node['models'], datanet: Hex): readonly ModelView[] =>
  models
    .models()
    .filter(model => model.datanet === datanet)
    .slice(-mostModels)

/** What was contributed to a Datanet, one by one: what the pages that tell of people count. */
export interface Given {
  readonly contributor: Address
  readonly accepted: boolean
  /** Whether it was withdrawn or taken down since. */
  readonly left: boolean
  /** Whether validators have decided on it, for or against. */
  readonly isDecided: boolean
  readonly rows: number
  /** null: this node has not looked at them, or cannot. */
  readonly own: number | null
  readonly rowIssues: readonly { readonly code: string }[]
}

/** Rows of both; what is not known of one is not known of all. */
export const ownOfBoth = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other

/** In order of authorship; what a mix holds was contributed to its parents and stands in its latest version. */
export async function* givenTo(data: Node['data'], datanet: Hex): AsyncGenerator<Given> {
  const net = await data.datanet(datanet)
  if (net?.rules.parents === undefined) {
    for await (const one of everyItem(page => data.contributions(datanet, page)))
      yield {
        ...one,
        accepted: one.status === 'accepted',
        left: one.removed !== undefined,
        isDecided: one.status === 'accepted' || one.status === 'rejected'
      }
    return
  }
  if (net.latestVersion === 0) return
  for (const { contributor, own } of (await data.manifest(datanet, net.latestVersion)).entries)
    yield {
      contributor,
      accepted: true,
      left: false,
      isDecided: true,
      rows: own.length,
      own: own.length,
      rowIssues: []
    }
}
