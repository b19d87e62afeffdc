import { InvalidError, TilthError } from '../../protocol/primitives/index.ts'
import { boundedText } from '../bounded-file.ts'

/** @throws InvalidError `config.file`, `config.json`, LimitError `file.too-large`, naming the file */
export async function readJson(path: string, what: string): Promise<unknown> {
  let text: string
  try {
    text = await boundedText(path)
  } catch (cause) {
    if (cause instanceof TilthError) throw cause
    throw new InvalidError('config.file', `the ${what} ${path} cannot be read`, {
      help: 'Check the path and its permissions.',
      cause
    })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidError('config.json', `the ${what} ${path} is not JSON`, {
      help: 'Compare it with the example in README.md.',
      cause
    })
  }
}
