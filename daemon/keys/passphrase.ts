import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { InvalidError, TilthError } from '../../protocol/primitives/index.ts'
import { boundedText, readBounded, textOf } from '../bounded-file.ts'

/** Reads a line from the terminal without showing it. */
function promptHidden(question: string): Promise<string> {
  process.stderr.write(question)
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done()
    }
  })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  return new Promise(resolve => {
    lines.question('', answer => {
      lines.close()
      process.stderr.write('\n')
      resolve(answer)
    })
  })
}

const unreadable = (file: string, cause: unknown): TilthError =>
  cause instanceof TilthError
    ? cause
    : new InvalidError('passphrase.file', `the passphrase file ${file} cannot be read`, {
        help: 'Check the path and its permissions.',
        cause
      })
const fileIn = (options: { file?: string | undefined }): string | undefined =>
  options.file ?? process.env['TILTH_PASSPHRASE_FILE']
const withoutEnd = (text: string): string => text.replace(/\r?\n$/, '')

/** What may open a keystore: a passphrase, or what a file of one was read as. */
export type Opening =
  | string
  | {
      readonly readings: readonly string[]
      /** Why the file is none to seal a keystore by; told where nothing opens it. */
      readonly refusal?: TilthError
    }

/**
 * A passphrase to open a keystore that is there already. Files were once read as UTF-8 whatever they were, marks and
 * letters that are none included: what was sealed by that reading is opened by it. @throws as readPassphrase
 */
export async function openingPassphrase(options: { file?: string | undefined } = {}): Promise<Opening> {
  const file = fileIn(options)
  if (file === undefined) return readPassphrase()
  const bytes = await readBounded(file).catch((cause: unknown) => {
    throw unreadable(file, cause)
  })
  const older = withoutEnd(bytes.toString('utf8'))
  try {
    return { readings: [withoutEnd(textOf(bytes, file)), older] }
  } catch (cause) {
    return { readings: [older], refusal: unreadable(file, cause) }
  }
}

/**
 * The passphrase of a keystore: from the file, else TILTH_PASSPHRASE, else the terminal. Never from the command
 * line, where every process of the machine could read it.
 * @throws InvalidError `passphrase.missing` when there is no terminal to ask.
 */
export async function readPassphrase(options: { file?: string | undefined; confirm?: boolean } = {}): Promise<string> {
  const file = fileIn(options)
  if (file !== undefined) {
    try {
      return withoutEnd(await boundedText(file))
    } catch (cause) {
      throw unreadable(file, cause)
    }
  }
  const fromEnvironment = process.env['TILTH_PASSPHRASE']
  if (fromEnvironment !== undefined) {
    // Read once: from here on no child process could be given it.
    delete process.env['TILTH_PASSPHRASE']
    return fromEnvironment
  }
  if (!process.stdin.isTTY) {
    throw new InvalidError('passphrase.missing', 'no passphrase was given and there is no terminal to ask', {
      help: 'Give --passphrase-file FILE, or set TILTH_PASSPHRASE.'
    })
  }
  const first = await promptHidden('Passphrase: ')
  if (options.confirm === true && (await promptHidden('Again: ')) !== first)
    throw new InvalidError('passphrase.mismatch', 'the two passphrases differ', {
      help: 'Try again; nothing was written.'
    })
  return first
}
