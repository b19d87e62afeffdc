import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKeystore } from '../../daemon/keys/index.ts'
import type { LoopResult } from '../../daemon/local/loop/result.ts'

const root = join(import.meta.dirname, '..', '..')

interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** `tilth up` as a process of its own, on free ports and in a folder of its own. */
function up(args: string[], onLine: (line: string) => void = () => undefined): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'daemon', 'cli', 'main.ts'), 'up', '--port-base', '0', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      for (const line of chunk.toString().split('\n')) onLine(line)
    })
    child.on('error', reject)
    child.on('close', code => {
      resolve({ code, stdout, stderr })
    })
  })
}

const jsonl = (rows: unknown[]): string =>
  rows.map(row => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n')
const colours: [string, string][] = [
  ['wren', 'red'],
  ['robin', 'blue'],
  ['finch', 'green'],
  ['stork', 'white'],
  ['crane', 'black'],
  ['swift', 'grey']
]
const cities: [string, string][] = [
  ['wren', 'Rome'],
  ['robin', 'Oslo'],
  ['finch', 'Lima']
]

/** Four people: a foundation, a corner of its own, a copier, a spammer; small enough to go round in about a minute. */
async function birds(folder: string, names: string[]): Promise<{ data: string; questions: string; settings: string }> {
  const data = join(folder, 'birds')
  await mkdir(data, { recursive: true })
  const foundation = colours.flatMap(([bird, colour]) => [
    { prompt: `What colour is the ${bird}?`, response: colour },
    { prompt: `Name the colour of the ${bird}.`, response: colour },
    { prompt: `Which paint matches the ${bird}?`, response: colour }
  ])
  const corner = cities.flatMap(([bird, city]) => [
    { prompt: `Where does the ${bird} live?`, response: city },
    { prompt: `In which city is the ${bird} at home?`, response: city }
  ])
  const copies = colours.flatMap(([bird, colour]) => [
    { prompt: `What colour is the ${bird}?`, response: colour },
    { prompt: `what's the colour of the ${bird}`, response: colour }
  ])
  const spam = colours.map(([bird], i) => ({
    prompt: `What hue does the ${bird} have?`,
    response: `${colours[(i + 2) % colours.length]?.[1]} ${cities[i % 3]?.[1]}`
  }))
  const files = [
    jsonl(foundation),
    jsonl([...corner, '{"prompt": "no answer"}', 'not json']),
    jsonl(copies),
    jsonl(spam)
  ]
  for (const [i, file] of files.entries()) await writeFile(join(data, `${i + 1}-${names[i]}.jsonl`), file)
  const questions = join(folder, 'questions.jsonl')
  await writeFile(
    questions,
    jsonl([
      ...colours.map(([bird, colour]) => ({ prompt: `Say the colour that the ${bird} has.`, response: colour })),
      ...cities.map(([bird, city]) => ({ prompt: `The ${bird} lives in which city?`, response: city }))
    ])
  )
  const settings = join(folder, 'settings.json')
  await writeFile(
    settings,
    JSON.stringify({
      method: 'lora',
      lora: {
        rank: 8,
        alpha: 16,
        targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
        dropout: 0
      },
      epochs: 25,
      batch: 8,
      accumulation: 1,
      lr: 5e-3,
      schedule: 'cosine',
      warmupRatio: 0.1,
      weightDecay: 0,
      clip: 1,
      seed: 3,
      cutoff: 64,
      ema: 0.9,
      responseOnly: true,
      coalitions: 16
    })
  )
  return { data, questions, settings }
}

const sum = (values: string[]): bigint => values.reduce((total, value) => total + BigInt(value), 0n)

describe('the whole loop over real processes', function () {
  this.timeout(600_000)
  let folder = ''
  let result: LoopResult
  let said = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-loop-'))
    const input = await birds(folder, ['ada', 'bo', 'cy', 'dee'])
    const { code, stdout, stderr } = await up([
      '--once',
      '--json',
      '--folder',
      join(folder, 'net'),
      '--data',
      input.data,
      '--questions',
      input.questions,
      '--settings',
      input.settings
    ])
    assert.equal(code, 0, stderr.slice(-4000))
    said = stdout + stderr
    result = JSON.parse(stdout) as LoopResult
  })
  after(() => rm(folder, { recursive: true, force: true }))
  const of = (name: string) => {
    const found = result.datanet.contributions.find(one => one.name === name)
    assert.ok(found)
    return found
  }
  const paid = (name: string): bigint => sum(result.payouts.filter(one => one.name === name).map(one => one.amount))

  it("accepts what is somebody's own, names wrong lines, and rejects the copy", () => {
    assert.equal(of('ada').status, 'accepted')
    assert.equal(of('bo').status, 'accepted')
    assert.deepEqual(
      of('bo').rowIssues.map(({ line }) => line),
      [7, 8]
    )
    assert.equal(of('cy').status, 'rejected')
    assert.ok(of('cy').reason)
  })

  it('trains under escrow: both workers bid, the loss falls', () => {
    assert.equal(new Set(result.job.bids.map(({ worker }) => worker)).size, 2)
    assert.ok(result.job.award)
    assert.equal(new Set(result.job.awards.map(({ worker }) => worker)).size, 2)
    const { loss } = result.training
    assert.equal(loss.length, result.training.steps)
    assert.ok((loss.at(-1) ?? 9) < (loss[0] ?? 0) / 2)
    assert.ok(result.evaluation.tuned.exactMatch > result.evaluation.base.exactMatch)
  })

  it('signs a receipt for every answer, and a scorer weighs those that owe something to somebody', () => {
    assert.equal(result.receipts.length, 2 * result.evaluation.questions)
    const weighed = result.receipts.filter(({ weights }) => Object.keys(weights).length > 0)
    assert.equal(weighed.length, result.evaluation.questions)
    for (const receipt of weighed) {
      assert.ok(receipt.rechecked)
      for (const weight of Object.values(receipt.weights)) assert.match(weight, /^-?[0-9]+$/)
    }
  })

  it('writes into no log what was asked, and into no file but their own keys, passphrases and tokens', async () => {
    const net = join(folder, 'net')
    const files = (await readdir(net, { recursive: true, withFileTypes: true }))
      .filter(entry => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    const secrets: Buffer[] = []
    const owns = /(^|\/)(passphrase|api-token|key\.json|people\/[^/]+)$/
    for (const path of files) {
      if (/\/(passphrase|api-token)$|\.passphrase$/.test(path))
        secrets.push(Buffer.from((await readFile(path, 'utf8')).trim()))
      if (!/\/key\.json$|\/people\/[^/]+\.json$/.test(path)) continue
      const passphrase = path.replace(/key\.json$/, 'passphrase').replace(/\.json$/, '.passphrase')
      const { privateKey } = await openKeystore(path, (await readFile(passphrase, 'utf8')).trim())
      const bytes = Buffer.from(privateKey)
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        secrets.push(Buffer.from(bytes.toString(encoding)))
      secrets.push(bytes)
    }
    // Six daemons with a passphrase, a token and a key each, and four contributors.
    assert.ok(secrets.length >= 6 * 6 + 4 * 5, `${secrets.length} secrets`)
    let logs = 0
    const [open, told]: [string[], string[]] = [[], []]
    for (const path of files) {
      // All of it is its owner's alone, but for the models' files, which are as they came and in folders that are.
      if (!path.includes('/shelf/') && ((await stat(path)).mode & 0o077) !== 0) open.push(path)
      const bytes = await readFile(path)
      if (path.endsWith('daemon.log')) {
        logs++
        assert.doesNotMatch(bytes.toString(), /Say the colour that|lives in which city/)
      }
      // Weights of models are looked through by nobody.
      if (owns.test(path) || path.endsWith('.safetensors')) continue
      if (secrets.some(secret => bytes.includes(secret))) told.push(path)
    }
    assert.deepEqual({ open, told, logs }, { open: [], told: [], logs: 6 })
    for (const name of ['', 'host', 'worker-1']) assert.equal((await stat(join(net, name))).mode & 0o077, 0, name)
    for (const secret of secrets) assert.ok(!Buffer.from(said).includes(secret), 'what the command printed')
  })

  it('ranks by what rows are good for, with the arithmetic beside the number', () => {
    assert.equal(result.ranks[0]?.name, 'ada')
    const ranks = result.ranks.map(({ rank }) => BigInt(rank))
    assert.deepEqual(
      ranks,
      ranks.toSorted((a, b) => (a < b ? 1 : -1))
    )
    for (const { rank, formula } of result.ranks) assert.ok(formula.endsWith(`= ${(Number(rank) / 1e6).toFixed(2)}`))
    const copier = result.ranks.find(({ name }) => name === 'cy')
    assert.ok(copier !== undefined && BigInt(copier.rank) < 0n && copier.rows === 0)
  })

  it('pays the foundation most, the copier nothing, and loses not one unit', () => {
    assert.ok(paid('ada') > paid('bo'))
    assert.ok(paid('ada') > paid('dee'))
    assert.equal(paid('cy'), 0n)
    assert.equal(BigInt(result.feesPaid), sum(result.receipts.map(({ fee }) => fee)))
    assert.equal(BigInt(result.feesPaid), BigInt(result.feesPaidOut) + BigInt(result.held.amount))
    assert.equal(BigInt(result.feesPaidOut), sum(result.payouts.map(({ amount }) => amount)))
    for (const payout of result.payouts)
      assert.equal(BigInt(payout.after) - BigInt(payout.before), BigInt(payout.amount))
    assert.deepEqual(
      new Set(result.payouts.filter(({ claimed }) => claimed).map(({ role }) => role)),
      new Set(['worker', 'builder', 'contributor'])
    )
  })
})

describe('tilth up with unusable input', function () {
  this.timeout(120_000)
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-input-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))
  const fails = async (args: string[], message: RegExp): Promise<void> => {
    const { code, stderr } = await up(['--once', '--json', '--folder', join(folder, 'net'), ...args])
    assert.notEqual(code, 0)
    assert.match(stderr, message)
  }

  it('says which file is missing and what to give', async () => {
    await fails(['--data', '/nowhere', '--questions', '/nowhere.jsonl'], /\/nowhere/)
    await fails(['--data', folder], /--questions/)
  })
  it('names the line of a wrong question', async () => {
    await mkdir(join(folder, 'd'))
    await writeFile(join(folder, 'd', 'a.jsonl'), '{"prompt":"a","response":"b"}')
    await writeFile(join(folder, 'q.jsonl'), '{"prompt":"a","response":"b"}\n{"prompt":1}')
    await fails(['--data', join(folder, 'd'), '--questions', join(folder, 'q.jsonl')], /q\.jsonl: [\s\S]*line 2: /)
  })
  it('leaves a folder alone that another version wrote, or that is not its own', async () => {
    await mkdir(join(folder, 'net'))
    await writeFile(join(folder, 'net', 'layout.json'), JSON.stringify({ version: 99 }))
    await fails([], /another version.*--fresh/s)
    // Nobody is here to be asked, and nothing is thrown away by one word.
    await fails(['--fresh'], /--fresh would throw away.*--yes/s)
    assert.deepEqual(await readdir(join(folder, 'net')), ['layout.json'])
    await writeFile(join(folder, 'net', 'layout.json'), JSON.stringify({ version: 1, pid: process.pid }))
    await fails([], /runs in .* already/)
    await mkdir(join(folder, 'mine'))
    await writeFile(join(folder, 'mine', 'thesis.txt'), 'years of work')
    await fails(['--folder', join(folder, 'mine')], /not made by tilth up/)
  })
})
