import { closeSync, openSync, readSync } from 'node:fs'
import type { ErrorCode } from '../../../protocol/primitives/errors.ts'
import { ModelError } from './errors.ts'

/** All of a file, or more than the bound of it: a device says no size, and may never end. */
function bytesOf(file: string, mostBytes: number): Buffer {
  const opened = openSync(file, 'r')
  try {
    const parts: Buffer[] = []
    for (let size = 0; size <= mostBytes;) {
      const part = Buffer.alloc(1 << 16)
      const read = readSync(opened, part)
      if (read === 0) break
      parts.push(part.subarray(0, read))
      size += read
    }
    return Buffer.concat(parts)
  } finally {
    closeSync(opened)
  }
}

/** A text file of a stranger's, unless it is larger than it may be. @throws ModelError with that code */
export function readBounded(file: string, mostBytes: number, code: ErrorCode, help?: string): string {
  try {
    const bytes = bytesOf(file, mostBytes)
    if (bytes.length > mostBytes) throw new ModelError(code, `it has more than the ${mostBytes} bytes that it may have`)
    return bytes.toString('utf8')
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
