import { z } from 'zod'
import { issueInWords, reasonInWords } from '../../../protocol/data/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { ApiClient, PreviewView } from '../../api/contract/index.ts'
import { found } from '../tool.ts'
import type { Tool } from '../tool.ts'

const text = z.string().min(1).max(32_768)
const input = z.strictObject({
  datanet: z.string().min(1).max(100).describe('name or id of a Datanet, as the tool `datanets` lists them'),
  rows: z
    .array(z.strictObject({ prompt: text, response: text }))
    .min(1)
    .max(10_000)
    .describe('questions and their right answers, in the contributor’s own words'),
  send: z
    .boolean()
    .default(false)
    .describe('false only checks; true contributes: public, signed by the daemon’s owner, and never taken back')
})

/** Rows that are told one by one. */
const mostTold = 50

/** Which rows the checks would leave out, by their place in the list, from 1. */
function refusedIn({ lines }: PreviewView): string[] {
  const refused = lines.filter(({ code }) => code !== 'own' && code !== 'skipped')
  const told = refused.slice(0, mostTold).map(({ line, code, says }) => `row ${line}: ${says ?? issueInWords(code)}`)
  return refused.length > mostTold ? [...told, `and ${refused.length - mostTold} more`] : told
}

export const contributeTool = (api: ApiClient): Tool<typeof input> => ({
  name: 'contribute',
  title: 'Check or contribute rows',
  description:
    'Says row by row what a Datanet’s validators would make of question and answer rows; with `send` they are ' +
    'contributed. A contribution is public for ever, names the daemon’s owner as its author and spends one of few ' +
    'uploads: send only what the owner has agreed to.',
  input,
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  async run({ datanet, rows, send }, { mcpReq: { signal } }) {
    const file = rows.map(row => JSON.stringify(row)).join('\n')
    const params = { id: datanet }
    const preview = await api.call('checkContribution', { params, body: { file }, signal })
    const { accept, reason, own, uploads, allowed } = preview
    const refused = refusedIn(preview)
    const told = [`${own} of ${preview.rows} rows would be kept`, ...refused].join('\n')
    // [reject] What would be refused is not sent: nothing comes of it, and an upload is spent.
    if (send && !accept)
      throw new InvalidError('mcp.refused', `it would be refused: ${reasonInWords(reason ?? '')}\n${told}`, {
        help: 'Nothing was sent. Mend the rows and check them again.'
      })
    const about = { accept, rows: preview.rows, own, refused, uploads, allowed }
    if (!send)
      return found(`${told}\n${accept ? 'it would be accepted' : `refused: ${reasonInWords(reason ?? '')}`}`, about)
    const { id } = await api.call('contribute', { params, body: { file }, signal })
    return found(`contributed as ${id}; its validators vote on it now\n${told}`, { ...about, id })
  }
})
