import { z } from 'zod'
import { exactTokenText } from '../../../protocol/primitives/index.ts'
import type { ApiClient, DatanetView } from '../../api/contract/index.ts'
import { found } from '../tool.ts'
import type { Tool } from '../tool.ts'
import { moreText, pageInput } from './models.ts'

const input = z.strictObject({
  search: z.string().max(200).optional().describe('words that name, description, licence or tags hold, all of them'),
  ...pageInput
})

const datanetOf = ({
  id,
  name,
  description,
  licence,
  tags,
  accepted,
  rows,
  latestVersion,
  rules,
  pay
}: DatanetView) => ({
  id,
  name,
  description,
  licence,
  tags,
  accepted,
  rows,
  latestVersion,
  maxRows: rules.maxRows,
  uploadsPerContributor: rules.uploadsPerContributor,
  earned: exactTokenText(BigInt(pay.deposited))
})

const lineOf = ({ id, name, description, licence, accepted, earned }: ReturnType<typeof datanetOf>): string =>
  `${name} (${id}), ${licence}: ${description === '' ? 'no description' : description}; ` +
  `${accepted} contributions accepted, ${earned} tokens brought by answers`

export const datanetsTool = (api: ApiClient): Tool<typeof input> => ({
  name: 'datanets',
  title: 'List Datanets',
  description:
    'The communities’ data sets: what each takes, by which licence, and what its data has earned. Costs nothing.',
  input,
  annotations: { readOnlyHint: true, openWorldHint: true },
  async run(params, { mcpReq: { signal } }) {
    const { items, next } = await api.call('datanets', { params, signal })
    const datanets = items.map(datanetOf)
    const text = datanets.length === 0 ? 'no Datanet is known' : datanets.map(lineOf).join('\n')
    return found(text + moreText(next), { datanets, next })
  }
})
