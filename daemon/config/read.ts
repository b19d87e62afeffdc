import { readFile } from 'node:fs/promises'
import { InvalidError } from '../../protocol/primitives/index.ts'

/** @throws InvalidError `config.file`, `config.json` naming the file */
export async function readJson(path: string, what: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
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
