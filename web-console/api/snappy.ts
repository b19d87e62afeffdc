import { snappyUncompress as uncompressInto } from 'hyparquet/src/snappy.js'

// Stands in for `hysnappy`, whose WebAssembly the console's policy refuses.

export function snappyUncompress(input: Uint8Array, outputLength: number): Uint8Array {
  const output = new Uint8Array(outputLength)
  uncompressInto(input, output)
  return output
}

export const snappyUncompressor = () => snappyUncompress
