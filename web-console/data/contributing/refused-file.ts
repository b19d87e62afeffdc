import { NotFoundError } from '../../../protocol/primitives/errors.ts'
import { api } from '../../api/index.ts'
import { shortId } from '../../formats/index.ts'
import type { LocalFile } from '../check/index.ts'

/** Rows taken up again; of more the file itself is the better place to mend. */
const mostRows = 1_000

/** Rows of a contribution that brought nothing, as a file to mend. @throws NotFoundError where their text is gone */
export async function refusedFile(contribution: string): Promise<LocalFile> {
  const lines: string[] = []
  for await (const { messages } of api.all('refusedRows', { params: { id: contribution } })) {
    if (messages !== null) lines.push(JSON.stringify({ messages }))
    if (lines.length >= mostRows) break
  }
  if (lines.length === 0)
    throw new NotFoundError('contribution.unknown', 'nobody keeps the text of its refused rows any more', {
      help: 'Drop your file again, and mend it here.'
    })
  return { name: `refused rows of ${shortId(contribution)}`, bytes: new TextEncoder().encode(lines.join('\n')) }
}
