import { constants } from 'node:fs'
import { copyFile, link, mkdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InvalidError } from '../../../protocol/primitives/index.ts'

/** What an adapter is of, and what this node reads and checks of it. */
const files = ['adapter_config.json', 'adapter_model.safetensors']

/**
 * An adapter's two files alone, in a folder beside its own: what else a stranger put into his (pickled weights, a
 * tokenizer with code) is handed to no program. On a shelf it goes when the adapter goes.
 * @returns the folder
 * @throws InvalidError `backend-adapter`
 */
export async function handedOver(folder: string): Promise<string> {
  const alone = join(dirname(folder), `${basename(folder)}-alone`)
  await rm(alone, { recursive: true, force: true })
  await mkdir(alone)
  for (const name of files) {
    const [from, to] = [join(folder, name), join(alone, name)]
    try {
      // Another name for it takes no room; some file systems know none.
      await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
      throw new InvalidError('backend-adapter', `the adapter has no ${name}`, { cause })
    }
  }
  return alone
}
