import { extractText, getDocumentProxy } from 'unpdf'
import { FileError, damaged } from '../errors.ts'
import type { TextPart } from './text.ts'

/** The lines of text of a PDF, page by page. @throws FileError `file.damaged` */
export async function pdfParts(bytes: Uint8Array): Promise<TextPart[]> {
  try {
    // Nothing in it is run, fetched or drawn.
    const document = await getDocumentProxy(new Uint8Array(bytes), {
      disableFontFace: true,
      disableAutoFetch: true,
      disableStream: true,
      stopAtErrors: false,
      verbosity: 0
    })
    const { text } = await extractText(document, { mergePages: false })
    await document.loadingTask.destroy()
    return text.flatMap((page, i) =>
      page.split('\n').map((line): TextPart => ({ place: { unit: 'page', number: i + 1 }, text: line }))
    )
  } catch (cause) {
    // [reject] What is whole, and locked, is told as that.
    if (cause instanceof Error && cause.name === 'PasswordException')
      throw new FileError('file.format', 'the PDF is locked by a password', 'Save it without one.', cause)
    throw damaged('PDF', cause)
  }
}
