import { FileError } from '../errors.ts'

const letters = (text: string): readonly number[] => [...new TextEncoder().encode(text)]

/** Files that people try and that are not read, told by their bytes: what they are, and from where on they say so. */
const others: readonly (readonly [string, readonly number[], number?])[] = [
  ['a bzip2 file', letters('BZh')],
  ['an xz file', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['an lz4 file', [0x04, 0x22, 0x4d, 0x18]],
  ['a 7z archive', [0x37, 0x7a, 0xbc, 0xaf]],
  ['a RAR archive', letters('Rar!')],
  ['a ZIP archive with nothing in it', [0x50, 0x4b, 0x05, 0x06]],
  ['a tar archive', letters('ustar'), 257],
  ['an old Word, Excel or PowerPoint file', [0xd0, 0xcf, 0x11, 0xe0]],
  ['a PNG picture', [0x89, 0x50, 0x4e, 0x47]],
  ['a JPEG picture', [0xff, 0xd8, 0xff]],
  ['a GIF picture', letters('GIF8')],
  ['a Parquet file whose footer is encrypted', letters('PARE')],
  ['an Arrow file', letters('ARROW1')],
  ['a stream of Arrow', [0xff, 0xff, 0xff, 0xff]],
  ['an ORC file', letters('ORC')],
  ['an HDF5 file', [0x89, 0x48, 0x44, 0x46]],
  ['an array of NumPy', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  ['a pickle of Python', [0x80, 0x03]],
  ['a pickle of Python', [0x80, 0x04, 0x95]],
  ['a pickle of Python', [0x80, 0x05, 0x95]],
  ['a model (GGUF)', letters('GGUF')],
  ['an SQLite database', letters('SQLite')],
  ['an RTF document', letters('{\\rtf')]
]
/** Bytes that tell all of them apart. */
export const toldBy = Math.max(...others.map(([, bytes, from = 0]) => from + bytes.length))

const kinds = 'Read are JSONL, JSON, CSV, TSV, Parquet, text, Markdown, PDF and DOCX, also packed by gzip or zstd.'

/** [reject] What is no file of rows is named by what it is. @throws FileError `file.format` */
export function refuseOthers(head: Uint8Array): void {
  const found = others.find(([, bytes, from = 0]) => bytes.every((byte, i) => head[from + i] === byte))
  if (found !== undefined) throw new FileError('file.format', `it is ${found[0]}, which is not read`, kinds)
}

/** [reject] Text that is marked up for programs is none for people. @throws FileError `file.format` */
export function refuseMarkup(start: string): void {
  const [, mark] = /^\s*<(!doctype html|html|\?xml)\b/i.exec(start) ?? []
  if (mark === undefined) return
  const what = mark.toLowerCase() === '?xml' ? 'an XML document' : 'a web page (HTML)'
  throw new FileError('file.format', `it is ${what}, which is not read`, `Save its text. ${kinds}`)
}
