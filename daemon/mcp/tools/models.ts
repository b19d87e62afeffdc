import { z } from 'zod'
import { isAgent } from '../../../protocol/models/index.ts'
import { exactTokenText } from '../../../protocol/primitives/index.ts'
import type { ApiClient, ModelView } from '../../api/contract/index.ts'
import { found } from '../tool.ts'
import type { Tool } from '../tool.ts'

export const pageInput = {
  limit: z.int().min(1).max(100).default(50).describe('how many at most'),
  cursor: z.string().min(1).max(200).optional().describe('`next` of the page before')
}
const input = z.strictObject(pageInput)

/** Where a list goes on. */
export const moreText = (next: string | null): string => (next === null ? '' : `\nmore: cursor ${next}`)

/** A model with the best of its offers, prices in tokens for a token of a prompt and of an answer. */
function modelOf({ id, name, builder, datanet, version, offers }: ModelView) {
  const cheapest = offers.toSorted((a, b) => Number(BigInt(a.outputPrice) - BigInt(b.outputPrice)))[0]
  return {
    id,
    name,
    builder,
    datanet,
    version,
    workers: offers.length,
    ...(cheapest === undefined
      ? {}
      : {
          inputPrice: exactTokenText(BigInt(cheapest.inputPrice)),
          outputPrice: exactTokenText(BigInt(cheapest.outputPrice)),
          tokensPerSecond: cheapest.tokensPerSecond
        })
  }
}

const lineOf = ({ id, name, workers, inputPrice, outputPrice }: ReturnType<typeof modelOf>): string =>
  `${name} (${id}): ` +
  (workers === 0
    ? 'nobody serves it now'
    : `${workers} ${workers === 1 ? 'worker serves' : 'workers serve'} it, ` +
      `from ${inputPrice} and ${outputPrice} tokens for a token of a prompt and of an answer`)

export const modelsTool = (api: ApiClient): Tool<typeof input> => ({
  name: 'models',
  title: 'List models',
  description: 'The models that can be asked, with their prices and how many workers serve them now. Costs nothing.',
  input,
  annotations: { readOnlyHint: true, openWorldHint: true },
  async run(params, { mcpReq: { signal } }) {
    const { items, next } = await api.call('models', { params, signal })
    // Agents have a list of their own: what is paid for a call of one is no price of a token.
    const models = items.filter(one => !isAgent(one)).map(modelOf)
    const none = items.length === 0 ? 'no model is registered' : 'only agents are here: see the tool agents'
    const text = models.length === 0 ? none : models.map(lineOf).join('\n')
    return found(text + moreText(next), { models, next })
  }
})
