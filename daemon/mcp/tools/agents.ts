import { z } from 'zod'
import { exactTokenText } from '../../../protocol/primitives/index.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { found } from '../tool.ts'
import type { Tool } from '../tool.ts'
import { moreText, pageInput } from './models.ts'

const input = z.strictObject(pageInput)

export const agentsTool = (api: ApiClient): Tool<typeof input> => ({
  name: 'agents',
  title: 'List agents',
  description:
    'The agents that can be asked: compositions of models, each step paid to its own worker and data, and a fee of ' +
    'their own for a call. The tool `ask` asks one by its name or id. Listing costs nothing.',
  input,
  annotations: { readOnlyHint: true, openWorldHint: true },
  async run(params, { mcpReq: { signal } }) {
    const { items, next } = await api.call('agents', { params, signal })
    const agents = items.map(({ id, name, builder, offered, price }) => ({
      id,
      name,
      builder,
      workers: offered,
      ...(price === null ? {} : { fee: exactTokenText(BigInt(price)) })
    }))
    const lines = agents.map(
      ({ name, id, fee }) => `${name} (${id}): ${fee === undefined ? 'no fee is asked now' : `${fee} tokens a call`}`
    )
    return found((lines.length === 0 ? 'no agent is registered' : lines.join('\n')) + moreText(next), { agents, next })
  }
})
