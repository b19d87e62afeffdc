import assert from 'node:assert/strict'
import { faultOfShard, parseMap, readFile, shardOf, sourceOfBytes } from '../../../../protocol/data/files/index.ts'
import { pair, readWhole, rowOf } from './make-files.ts'

const rows = [pair('Fe?', 'Iron'), pair('Au?', 'Gold')].map(rowOf)
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

describe('tables as programs of others write them', () => {
  const same: [string, string, string][] = [
    [
      'with the line that tells spreadsheets its delimiter',
      'a.csv',
      'sep=;\r\nquestion;answer\r\nFe?;Iron\r\nAu?;Gold'
    ],
    ['with lines that end with CR alone', 'a.csv', 'question,answer\rFe?,Iron\rAu?,Gold\r'],
    ['with remarks above', 'a.csv', '# by us\n\n# two of them\nquestion;answer\nFe?;Iron\nAu?;Gold'],
    ['with two columns of one name', 'a.csv', 'answer 2,question,answer,answer\n,Fe?,Iron,x\n,Au?,Gold,y']
  ]
  for (const [what, name, text] of same)
    it(`are read: ${what}`, async () => {
      const { rows: read, problems } = await readWhole(name, text)
      assert.deepEqual([read, problems], [rows, []])
    })

  it('have the lines of text and JSONL that end with CR alone, too', async () => {
    assert.deepEqual((await readWhole('a.txt', 'Q: Fe?\rA: Iron\rQ: Au?\rA: Gold\r')).rows, rows)
    const lines = ['{"prompt":"Fe?","response":"Iron"}', '{"prompt":"Au?","response":"Gold"}'].join('\r')
    assert.deepEqual((await readWhole('a.jsonl', lines)).rows, rows)
  })

  it('say what stands above them and is left out', async () => {
    const { notes } = await readWhole('a.csv', '#one\n#two\nquestion,answer\nFe?,Iron')
    assert.match(notes.join(), /^2 lines above/)
  })

  it('with tabs keep quotes that are letters, and every line', async () => {
    const text = 'question\tanswer\n"two\nlines"\ty\n"Hi" who said?\t5" disk\n"Open\tx\nFe?\tIron\n'
    const { rows: read, problems } = await readWhole('a.tsv', text)
    assert.deepEqual(
      [read, problems],
      [
        [pair('two\nlines', 'y'), pair('"Hi" who said?', '5" disk'), pair('"Open', 'x'), pair('Fe?', 'Iron')].map(
          rowOf
        ),
        []
      ]
    )
  })

  it('are named where quotes do not fit, with how far it goes', async () => {
    const { problems } = await readWhole('a.csv', 'question,answer\nFe?,"Iron\nAu?,Gold\nAg?,Silver\n')
    assert.deepEqual(problems, ['line 2: its quotes do not fit together, so that it goes on to line 4'])
    const blank = await readWhole('a.csv', 'question, answer\n"Fe?", "Iron, a metal"\n"Au?", "Gold"\n"Ag?","Silver"\n')
    assert.equal(blank.rows.length, 1)
    assert.ok(blank.problems.every(says => says.endsWith('a blank stands before the quote that opens a field')))
  })

  it('in letters of old systems are told how to be saved', async () => {
    await assert.rejects(readWhole('a.csv', latin1('Frage;Réponse\nFe?;Eisen')), {
      code: 'file.encoding',
      help: /"CSV UTF-8"/
    })
    const file = await readFile(sourceOfBytes('a.csv', latin1('Frage;Antwort\nFluß?;Rhein')))
    const limits = { maxRows: 10, maxBytes: 1000, minOwnShare: 500 }
    assert.match(faultOfShard(await shardOf(file, limits), limits)?.help ?? '', /"CSV UTF-8"/)
  })

  it('without names are told to be mapped by number, and then are read', async () => {
    const text = '#separator:tab\n#html:true\nFe?\tIron\nAu?\tGold\n'
    await assert.rejects(readWhole('deck.txt', text), { code: 'file.no-rows', help: /--map prompt=1,response=2/ })
    assert.deepEqual((await readWhole('deck.txt', text, { map: parseMap(['prompt=1,response=2']) })).rows, rows)
  })
})
