import { z } from 'zod'
import type { ApiClient, TraceView } from '../../api/contract/index.ts'
import { found } from '../tool.ts'
import type { Tool } from '../tool.ts'

const input = z.strictObject({
  receipt: z.string().min(1).max(100).describe('id of a receipt, as the tool `ask` gives it')
})

const marks = { true: 'holds', false: 'DOES NOT HOLD', null: 'could not be looked at' } as const

const traceText = ({ steps, held, broken, open }: TraceView): string =>
  [
    ...steps.flatMap(({ title, facts, checks }) => [
      title,
      ...facts.map(({ name, value }) => `  ${name}: ${value}`),
      ...checks.map(({ what, holds, found }) => `  ${marks[`${holds}`]}: ${what}: ${found}`)
    ]),
    `${held} links hold, ${broken} do not, ${open} could not be looked at`
  ].join('\n')

export const traceTool = (api: ApiClient): Tool<typeof input> => ({
  name: 'trace',
  title: 'Trace an answer',
  description:
    'Follows an answer’s receipt back to the rows that it owes to and on to the transaction that paid for them, and ' +
    'says of each link whether it holds. Costs nothing.',
  input,
  annotations: { readOnlyHint: true, openWorldHint: true },
  async run({ receipt }, { mcpReq: { signal } }) {
    const trace = await api.call('trace', { params: { id: receipt }, signal })
    return found(traceText(trace), trace)
  }
})
