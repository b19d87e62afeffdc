import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { ContributionView, PreviewView } from '../../daemon/api/contract/index.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { pair, parquetOf } from '../protocol/data/files/make-files.ts'
import { datanetView } from './views.ts'

const id = `0x${'ab'.repeat(32)}` as const
const net = datanetView()
const good = '{"prompt":"Which bird sings at night?","response":"The nightingale"}'
const view = (status: ContributionView['status'], reason?: string): ContributionView => ({
  id,
  datanet: net.id,
  seenAt: 0,
  cid: null,
  index: 1,
  contributor: net.host,
  rows: 2,
  own: 1,
  status,
  ...(reason === undefined ? {} : { reason }),
  checks: [],
  rowIssues: []
})

describe('tilth contribute', function () {
  this.timeout(60_000)
  let cli: CommandLine
  let preview: PreviewView
  /** The held-out questions are not to be had. */
  let lost = false
  /** Whether others have contributed the same; how often their contributions were asked after. */
  let [repeats, arrived] = [false, 0]
  const followed: boolean[] = []
  let refusing = false
  /** Files as they came to the daemon. */
  const sent: string[] = []
  let states: (ContributionView | undefined)[] = []
  /** What the Datanet asks for, and what was let be locked. */
  let asked: { amount: string; seconds: number } | undefined
  const bonds: string[] = []
  const of = { datanet: net.id, contributor: net.host }
  const bondView = {
    ...of,
    contribution: id,
    amount: String(5n * 10n ** 18n),
    until: Date.UTC(2100, 0, 1),
    state: 'open' as const,
    spam: 1,
    total: 3,
    spoke: [net.host]
  }
  const unsentView = { ...of, id, rows: 2, at: 0 }
  before(async () => {
    cli = await startCommandLine({
      datanet: async () => ({
        ...net,
        rules: { ...net.rules, ...(asked === undefined ? {} : { bond: asked }) },
        contributions: 2
      }),
      bonds: async () => ({ items: [bondView], next: null }),
      callSpam: async () => ({ ...bondView, spam: 2 }),
      unsent: async () => ({
        items: [{ ...unsentView, says: 'the rules are others by now: bond', code: 'contribution.rules' }],
        next: null
      }),
      confirmContribution: async () => ({ id }),
      async checkContribution({ body }) {
        sent.push(body.file ?? '')
        if (lost) throw new NotFoundError('files.unavailable', 'nobody gave the held-out questions')
        return preview
      },
      async followDatanet({ body }) {
        followed.push(body.follow)
        if (body.follow) preview = { ...preview, compared: true, accept: !repeats }
        return net
      },
      contributions: async () => ({ items: [view('accepted'), view('rejected')].slice(0, arrived++), next: null }),
      async contribute({ body }) {
        if (refusing) throw new InvalidError('chain.gas', 'the account has no gas')
        sent.push(body.file ?? '')
        bonds.push(body.bond ?? 'not said')
        return { id }
      },
      async contribution() {
        const now = states.length > 1 ? states.shift() : states[0]
        if (now === undefined) throw new NotFoundError('contribution.unknown', 'not yet')
        return now
      },
      votes: async () => ({
        contribution: id,
        datanet: net.id,
        total: 2,
        opensAt: null,
        closesAt: null,
        validators: [true, false].map(accept => ({
          validator: net.host,
          weight: 1,
          step: 'revealed' as const,
          accept,
          abstains: false,
          agrees: null,
          reason: `because ${String(accept)}\u001b[2J`,
          code: accept ? null : 'wrong'
        }))
      })
    })
  })
  after(() => cli.stop())
  beforeEach(() => {
    cli.calls.splice(0)
    preview = {
      accept: true,
      checks: [],
      rows: 2,
      own: 1,
      lines: [
        { line: 1, code: 'own' },
        { line: 3, code: 'duplicate', of: id }
      ],
      uploads: 3,
      allowed: 10,
      compared: true
    }
  })
  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(cli.folder, name)
    await writeFile(path, content)
    return path
  }
  const contribute = (path: string, ...more: string[]) => cli.run('contribute', path, '--datanet', 'birds', ...more)

  it('follows a Datanet before it sends to it, so that what repeats others is not sent; then leaves it', async () => {
    const path = await file('again.jsonl', `${good}\n${good}\n`)
    preview = { ...preview, compared: false }
    ;[repeats, arrived] = [true, 0]
    const refused = await contribute(path)
    assert.equal(refused.code, 1, refused.stderr)
    assert.match(refused.stderr, /birds would refuse it/)
    assert.deepEqual(followed.splice(0), [true, false])
    assert.ok(arrived > 2 && !cli.calls.includes('contribute'))
    preview = { ...preview, accept: true, compared: false }
    ;[repeats, arrived] = [false, 2]
    assert.equal((await contribute(path)).code, 0)
    assert.deepEqual(followed.splice(0), [true])
    // Whatever it fails by, nothing is left followed that the file has not come to.
    preview = { ...preview, compared: false }
    refusing = true
    assert.equal((await contribute(path)).code, 1)
    refusing = false
    assert.deepEqual(followed.splice(0), [true, false])
    preview = { ...preview, compared: false }
    assert.match((await contribute(path, '--dry-run')).stdout, /not compared with what birds holds already/)
    assert.deepEqual(followed, [])
  })

  const hopeless: [string, () => string | Uint8Array, RegExp][] = [
    ['a word', () => 'hello', /hopeless\.jsonl: 1 of 1 records are no rows[\s\S]*line 1: the line is no JSON/],
    ['random bytes', () => randomBytes(4096), /is no UTF-8 text/],
    ['nothing', () => '\n\n', /has no rows/],
    [
      'a line of more than any row',
      () => Buffer.alloc(58_000_000, 0x20),
      /line 1: the line is longer than any row may be/
    ],
    ['more rows than it takes', () => `${good}\n`.repeat(101), /more than 100 rows/],
    [
      'mostly wrong lines, of which so many are named',
      () => `${good}\n${'{"a":1}\n'.repeat(60)}`,
      /60 of 61 records[\s\S]*line 2: [\s\S]*line 21: [\s\S]*and 40 more/
    ]
  ]
  for (const [what, content, says] of hopeless)
    it(`refuses ${what} before anything is sent, in words`, async () => {
      const { code, stderr } = await contribute(await file('hopeless.jsonl', content()))
      assert.equal(code, 1)
      assert.match(stderr, says)
      assert.deepEqual(cli.calls, ['datanet'])
    })

  it('says that there is no such file, or that it is a folder', async () => {
    assert.match((await contribute(join(cli.folder, 'absent'))).stderr, /there is no file/)
    assert.match((await contribute(cli.folder)).stderr, /is a folder/)
  })

  it('says row by row what would be kept with --dry-run, and sends nothing', async () => {
    const { code, stdout } = await contribute(await file('dry.jsonl', `${good}\n\n${good}`), '--dry-run')
    assert.equal(code, 0)
    assert.match(stdout, /1 of 2 rows would be kept: lines 1\n/)
    assert.match(stdout, /line 3: it repeats an earlier row exactly/)
    assert.match(stdout, /7 of 10 contributions are left/)
    assert.deepEqual(cli.calls, ['datanet', 'checkContribution'])
    const json = await contribute(await file('dry.jsonl', good), '--dry-run', '--json')
    const { file: how, ...found } = JSON.parse(json.stdout) as PreviewView & {
      file: { container: string; rows: number }
    }
    assert.deepEqual(found, preview)
    assert.deepEqual([how.container, how.rows], ['JSONL, UTF-8', 1])
  })

  it('reads any form, says how, and sends the same rows from each', async () => {
    const forms: [string, string | Uint8Array, string[], RegExp][] = [
      ['a.jsonl', good, [], /^(?!.*a\.jsonl)/],
      [
        'a.csv',
        'Question,Answer,id\nWhich bird sings at night?,The nightingale,1\n',
        [],
        /prompt is `Question`; .*not used: id/
      ],
      [
        'a.json',
        `[{"instruction":"Which bird sings at night?","input":"","output":"The nightingale"}]`,
        [],
        /1 row as Alpaca/
      ],
      ['a.parquet', parquetOf([pair('Which bird sings at night?', 'The nightingale')]), [], /Parquet; 1 rows/],
      [
        'b.csv',
        'clue,word\nWhich bird sings at night?,The nightingale\n',
        ['--map', 'prompt=clue,response=word'],
        /as mapped: prompt is `clue`/
      ]
    ]
    for (const [name, content, more, says] of forms) {
      sent.splice(0)
      const { code, stderr } = await contribute(await file(name, content), ...more)
      assert.equal(code, 0, stderr)
      assert.match(stderr, says)
      assert.deepEqual(sent, [`${good}\n`, `${good}\n`], name)
    }
    const unmapped = await contribute(await file('b.csv', 'clue,word\na,b\n'))
    assert.match(unmapped.stderr, /b\.csv: [\s\S]*named like no question and answer: `clue`, `word`[\s\S]*--map/)
    assert.equal(unmapped.code, 1)
  })

  it('does not send what the validators would refuse, unless told to', async () => {
    preview = { ...preview, accept: false, reason: 'mostly-duplicate', own: 0 }
    const path = await file('copy.jsonl', good)
    const { code, stderr } = await contribute(path)
    assert.equal(code, 1)
    assert.match(stderr, /birds would refuse it: no row is new[\s\S]*line 3[\s\S]*no upload was spent/)
    assert.ok(!cli.calls.includes('contribute'))
    assert.equal((await contribute(path, '--dry-run')).code, 1)
    assert.equal((await contribute(path, '--anyway')).code, 0)
    assert.ok(cli.calls.includes('contribute'))
  })

  it('does not send what could not be checked, unless told to', async () => {
    lost = true
    const path = await file('unseen.jsonl', good)
    const { code, stderr } = await contribute(path)
    assert.equal(code, 1)
    assert.match(stderr, /could not be checked: nobody gave the held-out questions[\s\S]*--anyway/)
    assert.ok(!cli.calls.includes('contribute'))
    assert.equal((await contribute(path, '--anyway')).code, 0)
    assert.ok(cli.calls.includes('contribute'))
    lost = false
  })

  it('says what is locked before it sends, and lets no more be locked than was said', async () => {
    const path = await file('bonded.jsonl', good)
    bonds.splice(0)
    asked = { amount: String(5n * 10n ** 18n), seconds: 86_400 }
    const shown = await contribute(path, '--dry-run')
    assert.match(shown.stdout, /birds locks 5 tokens with it for 25 h 10 min: they come back whatever is decided/)
    const silent = await contribute(path)
    assert.deepEqual([silent.code, bonds.splice(0)], [0, ['0']], 'nothing unless it is said')
    const agreed = await contribute(path, '--bond', '5')
    assert.match(agreed.stderr, /birds locks 5 tokens/)
    assert.deepEqual(bonds.splice(0), [asked.amount])
    const wrong = await contribute(path, '--bond', 'all')
    assert.match(wrong.stderr, /--bond must be an amount of tokens/)
    assert.deepEqual(bonds, [])
    asked = undefined
  })

  it('lists what is locked and when it comes back, and what was not sent', async () => {
    const listed = await cli.run('bonds')
    assert.match(listed.stdout, /5\.000000\s+locked until 2100-01-01T00:00:00Z\s+1 of 3/)
    const unsent = await cli.run('contributions', '--unsent')
    assert.match(unsent.stdout, /2 rows of 0x22.*\n {2}the rules are others by now: bond \(contribution\.rules\)/)
    assert.match((await cli.run('contributions', 'confirm', id, '--bond', '5')).stdout, /contributed as 0xabab/)
    assert.match((await cli.run('bonds', 'spam', id)).stdout, /called spam by a weight of 2 of 3/)
  })

  it('follows it to its end with --wait, and exits with the truth', async () => {
    const path = await file('good.jsonl', good)
    states = [undefined, view('committed'), view('voting'), view('accepted')]
    const accepted = await contribute(path, '--wait')
    assert.equal(accepted.code, 0)
    assert.match(accepted.stderr, /on its way to the chain\n.*as number 1[\s\S]*check it and vote\n.*accepted/)
    states = [view('rejected', 'by-vote')]
    const rejected = await contribute(path, '--wait', '--json')
    assert.equal(rejected.code, 1)
    assert.match(rejected.stderr, /rejected: validators voted against it[\s\S]*voted against it: because false·\[2J/)
    assert.ok(!rejected.stderr.includes('because true'))
    assert.equal((JSON.parse(rejected.stdout) as ContributionView).status, 'rejected')
    // Where nobody said anything against it, the same file can be brought again.
    states = [view('expired', 'no-quorum')]
    const late = await contribute(path, '--wait')
    assert.equal(late.code, 1)
    assert.match(late.stderr, /too few validators voted in time\n.*again.*: tilth contribute FILE --datanet birds/)
  })
})
