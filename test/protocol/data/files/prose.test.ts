import assert from 'node:assert/strict'
import { docx, paragraph } from './documents.ts'
import { pair, readWhole, rowOf } from './make-files.ts'

const run = (inner: string): string => `<w:p><w:r>${inner}</w:r></w:p>`
const t = (text: string): string => `<w:t>${text}</w:t>`

describe('text and Markdown with questions', () => {
  it('keep code whole: what looks like a heading or an answer in it is none', async () => {
    const answer = 'Say:\n\n```sh\n# install\nQ: x | y\nA: z\n| - | - |\n```\nDone.'
    const { rows, problems } = await readWhole('a.md', `## How?\n\n${answer}\n\n## Who?\n\n~~~\n# me\n`)
    assert.deepEqual(problems, [])
    // A fence that nothing closes is none.
    assert.deepEqual(rows, [rowOf(pair('How?', answer))].concat(rows.slice(1)))
    assert.equal(rows[1]?.messages[0]?.content, 'Who?')
  })

  it('are not read with the marks that set them in bold', async () => {
    const text = '**Q: What is *Fe*?**\n\n__A: Iron__\n\n**Q:** 2 * 3 *\nA: **6**\n'
    assert.deepEqual(
      (await readWhole('a.md', text)).rows,
      [pair('What is *Fe*?', 'Iron'), pair('2 * 3 *', '**6**')].map(rowOf)
    )
    // What nothing opened is the text's own.
    const own = 'Q: Which type?\nA: char *\nQ: And the name?\nA: foo_\n**Q:** 2 to what?\nA:**2**\n'
    assert.deepEqual(
      (await readWhole('a.md', own)).rows,
      [pair('Which type?', 'char *'), pair('And the name?', 'foo_'), pair('2 to what?', '**2**')].map(rowOf)
    )
  })
})

describe('documents as word processors write them', () => {
  const asked = paragraph('Q: Fe?')
  const answered = async (inner: string): Promise<string | undefined> =>
    (await readWhole('a.docx', docx(asked + run(inner)))).rows[0]?.messages[1]?.content

  it('keep hyphens and formulas, and leave out what was moved away or stands there twice', async () => {
    assert.equal(await answered(t('A: co') + '<w:noBreakHyphen/>' + t('op')), 'co\u2011op')
    assert.equal(await answered(t('A: as ') + '<m:oMath><m:r><m:t>E=mc²</m:t></m:r></m:oMath>'), 'as E=mc²')
    const [gone, here] = ['gone', 'here'].map(text => `<w:r>${t(text)}</w:r>`)
    const moved = `<w:moveFrom w:id="1">${gone}</w:moveFrom><w:moveTo w:id="2">${here}</w:moveTo>`
    assert.equal(await answered(t('A: is ') + moved), 'is here')
    const box = (tag: string): string => `<mc:${tag}><w:txbxContent>${run(t('once'))}</w:txbxContent></mc:${tag}>`
    const both = `<mc:AlternateContent>${box('Choice')}${box('Fallback')}</mc:AlternateContent>`
    assert.equal((await answered(t('A: said ') + both))?.match(/once/g)?.length, 1)
  })

  it('have headings in any language, and a main part of any number', async () => {
    const styles = ['<w:name w:val="heading 1"/>', '<w:name w:val="Normal"/>'].map(
      (name, i) => `<w:style w:type="paragraph" w:styleId="${i + 1}">${name}</w:style>`
    )
    const body = paragraph('Fe?', '1') + paragraph('Iron', '2') + paragraph('Au?', '1') + paragraph('Gold', '2')
    const bytes = docx(body, { 'word/styles.xml': `<w:styles>${styles.join('')}</w:styles>` }, 'word/document2.xml')
    assert.deepEqual((await readWhole('a.docx', bytes)).rows, [pair('Fe?', 'Iron'), pair('Au?', 'Gold')].map(rowOf))
  })
})
