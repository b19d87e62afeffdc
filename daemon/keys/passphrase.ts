import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { InvalidError, TilthError } from '../../protocol/primitives/index.ts'
import { boundedText } from '../bounded-file.ts'

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

/**
 * The passphrase of a keystore: from the file, else TILTH_PASSPHRASE, else the terminal. Never from the command
 * line, where every process of the machine could read it.
 * @throws InvalidError `passphrase.missing` when there is no terminal to ask.
 */
export async function readPassphrase(options: { file?: string | undefined; confirm?: boolean } = {}): Promise<string> {
  const file = options.file ?? process.env['TILTH_PASSPHRASE_FILE']
  if (file !== undefined) {
    try {
      return (await boundedText(file)).replace(/\r?\n$/, '')
    } catch (cause) {
      if (cause instanceof TilthError) throw cause
      throw new InvalidError('passphrase.file', `the passphrase file ${file} cannot be read`, {
        help: 'Check the path and its permissions.',
        cause
      })
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
