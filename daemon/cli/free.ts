import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { InvalidError } from '../../protocol/primitives/index.ts'

// [reject] What stands where a command is to write was made by somebody, perhaps for hours.

/** What may be done about it. */
interface Means {
  /** The flag that says where to write. */
  readonly flag: string
  /** Whether its owner gives it up; null where the command writes over nothing. */
  readonly force: boolean | null | undefined
}

/** Nothing stands where a folder is to be written, or an empty one. @throws InvalidError `output.exists` */
export function requireFree(output: string, { flag, force }: Means): void {
  if (!existsSync(output)) return
  const folder = statSync(output).isDirectory()
  if (folder && (force === true || readdirSync(output).length === 0)) return
  throw new InvalidError('output.exists', `${output} ${folder ? 'is not empty' : 'is a file'}`, {
    help: helpOf(flag, folder ? force : null)
  })
}

/**
 * The folder that a file is to be written into is there: said before minutes are spent on it.
 * @throws InvalidError `output.folder`
 */
export function requireFolderOf(file: string, flag: string): void {
  const within = dirname(resolve(file))
  if (existsSync(within) && statSync(within).isDirectory()) return
  throw new InvalidError('output.folder', `there is no folder ${within}`, {
    help: `Make it first, or choose another ${flag}.`
  })
}

/** Nothing stands where a file is to be written. @throws InvalidError `output.exists` */
export function requireFreeFile(file: string, { flag, force }: Means): void {
  if (!existsSync(file)) return
  const folder = statSync(file).isDirectory()
  if (!folder && force === true) return
  throw new InvalidError('output.exists', `${file} stands there already`, { help: helpOf(flag, folder ? null : force) })
}

const helpOf = (flag: string, force: Means['force']): string =>
  force === null ? `Choose another ${flag}.` : `Choose another ${flag}, or write over what stands there with --force.`
