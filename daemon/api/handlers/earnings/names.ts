import type { Node } from '../../../../node/node.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'

/** An id as lists show it where there is no name. */
export const shortId = (id: string): string => (id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id)

export interface Names {
  datanet(id: Hex): Promise<string>
  model(id: Hex): string
  /** Of whatever a payment is for. */
  of(kind: string, id: Hex | null): Promise<string>
}

/** What people call things, as far as this node knows. */
export function createNames({ data, models }: Pick<Node, 'data' | 'models'>): Names {
  const names: Names = {
    datanet: async id => (await data.datanet(id))?.rules.name ?? shortId(id),
    model: id => models.model(id)?.name ?? shortId(id),
    async of(kind, id) {
      if (id === null) return ''
      if (kind === 'data' || kind === 'scoring' || kind === 'settling') return names.datanet(id)
      if (kind === 'serving' || kind === 'building' || kind === 'upstream') return names.model(id)
      return shortId(id)
    }
  }
  return names
}
