import { Unzip, UnzipInflate } from 'fflate'
import { FileError, damaged } from '../errors.ts'
import { decodeUtf8 } from '../../lines.ts'
import { joinBytes } from '../../../primitives/bytes.ts'
import { chunkBytes } from './chunks.ts'
import type { TextPart } from './text.ts'

/** [reject] A document's text is no larger, and does not unpack to more than so many times its size. */
const mostText = 64 << 20
const mostRatio = 200
const freeBytes = 8 << 20

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const unescaped = (text: string): string =>
  text.replaceAll(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(\w{2,5}));/gi,
    (whole, hex?: string, decimal?: string, name = '') => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      if (hex === undefined && decimal === undefined) return entities[name as string] ?? whole
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
    }
  )

/** What a ZIP archive is by what is in it. */
function kindOf(names: readonly string[]): string {
  if (names.some(name => name.startsWith('xl/'))) return 'an Excel workbook'
  if (names.some(name => name.startsWith('ppt/'))) return 'a PowerPoint presentation'
  if (names.includes('mimetype') && names.includes('content.xml')) return 'an OpenDocument file'
  return `a ZIP archive (${names.slice(0, 3).join(', ').slice(0, 100)})`
}

/** Some programs number it anew each time that they save. */
const mainName = /^word\/document\d*\.xml$/
const stylesName = /^word\/styles\d*\.xml$/

/** The document's main part and what its styles are called, unpacked. @throws FileError */
function partsIn(bytes: Uint8Array): { main: string; styles: string } {
  const names: string[] = []
  const found = { main: [] as Uint8Array[], styles: [] as Uint8Array[] }
  let length = 0
  let isWhole = false
  try {
    const unzip = new Unzip(file => {
      if (names.length < 1000) names.push(file.name)
      const kind = mainName.test(file.name) ? 'main' : stylesName.test(file.name) ? 'styles' : undefined
      if (kind === undefined || found[kind].length > 0) return
      file.ondata = (error, data, final) => {
        if (error !== null) throw error
        length += data.length
        if (length > mostText || (length > freeBytes && length > bytes.length * mostRatio))
          throw new FileError('file.bomb', 'its text unpacks to far more than it is', 'Save the document again.')
        found[kind].push(data.slice())
        isWhole ||= final && kind === 'main'
      }
      file.start()
    })
    unzip.register(UnzipInflate)
    for (let at = 0; at < bytes.length; at += chunkBytes / 4) {
      const end = Math.min(bytes.length, at + chunkBytes / 4)
      unzip.push(bytes.subarray(at, end), end === bytes.length)
    }
  } catch (cause) {
    throw damaged('document', cause)
  }
  if (found.main.length === 0) {
    const kind = kindOf(names)
    throw new FileError(
      'file.format',
      `it is ${kind}, which is not read`,
      kind.startsWith('a ZIP') ? 'Unpack it and give a file that is in it.' : 'Save it as CSV or DOCX and give that.'
    )
  }
  const text = isWhole ? decodeUtf8(joinBytes(found.main)) : undefined
  if (text === undefined)
    throw new FileError(
      'file.damaged',
      'the document is damaged: its text ends too early or is no UTF-8',
      'Save it again.'
    )
  return { main: text, styles: decodeUtf8(joinBytes(found.styles)) ?? '' }
}

/** Ids of styles that are headings: what an id is called depends on the language of who wrote, the name does not. */
function headingIds(styles: string): ReadonlySet<string> {
  const ids = new Set<string>()
  // Each is looked for up to its own end, and a tag up to where the next begins: an end that is missing costs nothing.
  for (const style of styles.split('</w:style>').slice(0, -1)) {
    const opened = /<w:style\s([^<>]*)>/.exec(style)
    if (opened === null) continue
    const id = /w:styleId="([^"]*)"/.exec(opened[1] ?? '')?.[1]
    const content = style.slice(opened.index)
    if (id !== undefined && /<w:name\s[^<>]*w:val="(?:heading [1-9]|title)"/i.test(content)) ids.add(id)
  }
  return ids
}

// What was deleted, or moved from here, is no text; nor is what stands for a drawing where drawings cannot be shown.
const opens = 'p|tbl|tr|tc|t|tab|br|cr|noBreakHyphen|pStyle|del|moveFrom|Fallback|outlineLvl'
const closes = 'p|tbl|tr|tc|t|del|moveFrom|Fallback'
const token = new RegExp(
  String.raw`<(?:w|m|mc):(${opens})(?=[\s/>])([^<>]*?)(\/?)>|<\/(?:w|m|mc):(${closes})>|([^<]+)`,
  'g'
)
const isGone = (name: string | undefined): boolean => name === 'del' || name === 'moveFrom' || name === 'Fallback'
const isHeading = /w:val="(?:heading ?|h|title|überschrift ?|berschrift|titre|titolo|ttulo)[0-9]?"/i

/** The paragraphs, and the rows of tables, of a DOCX document. @throws FileError */
export function docxParts(bytes: Uint8Array): TextPart[] {
  const { main: xml, styles } = partsIn(bytes)
  const headings = headingIds(styles)
  const parts: TextPart[] = []
  let number = 0
  let [text, row, cell]: [string, string[], string] = ['', [], '']
  let [inText, heading, tables, deleted] = [false, false, 0, 0]
  for (const [, open, attributes = '', closed, close, content] of xml.matchAll(token)) {
    if (content !== undefined) {
      if (inText && deleted === 0) text += unescaped(content)
      continue
    }
    const isEmpty = closed === '/'
    if (open === 't') inText = !isEmpty
    else if (close === 't') inText = false
    else if (isGone(open) && !isEmpty) deleted++
    else if (isGone(close)) deleted--
    else if (deleted > 0) continue
    else if (open === 'noBreakHyphen') text += '\u2011'
    else if (open === 'tab') text += '\t'
    else if (open === 'br' || open === 'cr') text += '\n'
    else if (open === 'pStyle')
      heading = isHeading.test(attributes) || headings.has(/w:val="([^"]*)"/.exec(attributes)?.[1] ?? '')
    else if (open === 'outlineLvl') heading = !attributes.includes('"9"')
    else if (open === 'tbl') tables++
    else if (close === 'tbl') tables = Math.max(0, tables - 1)
    else if (open === 'tr' && tables === 1) row = []
    else if (open === 'tc' && tables === 1) cell = ''
    else if (close === 'tc' && tables === 1) row.push(cell.trim())
    else if (close === 'tr' && tables === 1) {
      parts.push({ place: { unit: 'paragraph', number: ++number }, cells: row })
    } else if (close === 'p' || (open === 'p' && isEmpty)) {
      if (tables > 0) cell += `${text}\n`
      else {
        const place = { unit: 'paragraph', number: ++number } as const
        for (const [i, line] of text.split('\n').entries())
          parts.push(heading && i === 0 ? { place, text: line, heading: true } : { place, text: line })
      }
      text = ''
      heading = false
    }
  }
  return parts
}
