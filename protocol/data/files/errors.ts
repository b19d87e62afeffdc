import { InvalidError } from '../../primitives/errors.ts'

/** Why a file as a whole is not read. */
export type FileCode =
  | 'file.damaged' // what it says of itself does not hold, or it ends too early
  | 'file.bomb' // it unpacks to far more than it is
  | 'file.encoding' // an encoding that is not read here
  | 'file.format' // a kind of file that is not read here
  | 'file.map' // a mapping that names what the file has not
  | 'file.no-rows' // text in which nothing asks and answers

/** A file that is not read, in words that say what it is and what to do. */
export class FileError extends InvalidError {
  declare readonly code: FileCode
  constructor(code: FileCode, message: string, help: string, cause?: unknown) {
    super(code, message, { help, ...(cause === undefined ? {} : { cause }) })
  }
}

/** Of tables that were saved in what a system of old has for letters. */
export const saveAsUtf8 = 'Save it as UTF-8; spreadsheets call that "CSV UTF-8".'

/** What a library threw, as an error of ours; an error of ours stays. */
export const damaged = (what: string, cause: unknown): FileError =>
  cause instanceof FileError
    ? cause
    : new FileError(
        'file.damaged',
        `the ${what} is damaged: ${cause instanceof Error ? cause.message.slice(0, 200) : 'it cannot be read'}`,
        'Get or save the file again; it may have been cut short on its way.',
        cause
      )
