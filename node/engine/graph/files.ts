import { readFileSync, statSync } from 'node:fs'
import type { ErrorCode } from '../../../protocol/primitives/errors.ts'
import { ModelError } from './errors.ts'

/** A text file of a stranger's, unless it is larger than it may be. @throws ModelError with that code */
export function readBounded(file: string, mostBytes: number, code: ErrorCode, help?: string): string {
  try {
    const { size } = statSync(file)
    if (size > mostBytes) throw new ModelError(code, `${size} bytes are more than the ${mostBytes} that it may have`)
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ModelError(code, `${file} cannot be read`, { cause, help })
  }
}

/** A JSON file of a stranger's, unless it is larger than it may be. @throws ModelError with that code */
export function parseBounded(file: string, mostBytes: number, code: ErrorCode, help?: string): unknown {
  const text = readBounded(file, mostBytes, code, help)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ModelError(code, `${file} cannot be read as JSON`, { cause, help })
  }
}
