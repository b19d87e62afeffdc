import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { addressOfKey, sealingKey } from '../../protocol/crypto/index.ts'
import type { DatanetRules } from '../../protocol/data/index.ts'
import { toHex } from '../../protocol/primitives/index.ts'
import { places } from '../../web-console/app/places.ts'
import { until } from '../harness/index.ts'
import { assertAccessible, assertNoSidewaysScroll, imitate, openAt, openPage, world } from './harness/index.ts'
import type { Imitation } from './harness/index.ts'
import { answerWallet, walletName, walletScript } from './harness/wallet.ts'

const judges = ['validator-1', 'validator-2'] as const
const api = (name: string) => world().network.daemon(name).api
let made = Date.now() % 100_000
const questions = (count: number): string =>
  Array.from({ length: count }, () =>
    JSON.stringify({ prompt: `Who minds the lamp of pier ${made++} at ${made}ton?`, response: `Keeper ${made}` })
  ).join('\n')

const drop = (page: Page, text: string): Promise<void> =>
  page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name: 'questions.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(text) })

async function foundDatanet(changes: Partial<DatanetRules>): Promise<string> {
  const validators = judges.map(name => ({ address: world().network.daemon(name).address, weight: 1 }))
  const { id } = await api('host').call('createDatanet', {
    body: {
      rules: {
        name: `piers ${made++}`,
        description: 'Who minds which lamp',
        licence: 'CC0-1.0',
        maxRows: 100,
        maxBytes: 1 << 20,
        uploadsPerContributor: 9,
        nearDuplicate: 500,
        minOwnShare: 500,
        validators,
        revealSeconds: 60,
        voteSeconds: 60,
        ...changes
      },
      heldOut: JSON.stringify({ prompt: 'Which lamp is red?', response: 'That of the mole' })
    }
  })
  for (const name of judges)
    await until(
      () =>
        api(name)
          .call('datanet', { params: { id } })
          .then(() => true)
          .catch(() => false),
      `${name} hears of it`,
      60_000
    )
  return id
}

/** Confirms who reads it, seen before anything is sealed: the chain and the contract that the wallet was asked at. */
async function sealTo(page: Page, account: string): Promise<void> {
  const { chain } = await api('host').call('status')
  const notice = page.getByText(`So says ${walletName} of chain ${chain.id}, by contract`)
  await notice.waitFor()
  const contract = chain.contracts['datanets'] ?? ''
  assert.ok((await page.content()).includes(places.account(contract)), 'the contract is shown')
  // Whole: a short address is one of many.
  for (const one of [contract, account]) await page.getByText(one, { exact: true }).first().waitFor()
  await page.getByRole('button', { name: /^Seal to these [0-9]+ and send$/ }).click()
}

/** The one batch that an account has put. */
const batchBy = async (datanet: string, account: string) =>
  (await api('host').call('questions', { params: { id: datanet } })).batches.find(({ writer }) => writer === account)

describe('held-out questions', function () {
  this.timeout(240_000)
  let datanet: string
  before(async () => {
    datanet = await foundDatanet({ questionWriters: 'by-standing' })
  })

  it('are put by this node’s key, and seen on the page until validators have accepted them', async () => {
    const host = world().network.daemon('host')
    const page = await openPage('host', { path: places.datanet(datanet) })
    await page.getByRole('button', { name: 'Choose questions first' }).waitFor()
    await drop(page, questions(7))
    await page.getByText('It holds 7 questions, and 8 at least are put at once.').waitFor()
    await drop(page, questions(8))
    await page.getByRole('button', { name: 'Seal and put 8 questions' }).click()
    await page.getByText('8 questions stand on chain, sealed.').waitFor()
    const batch = await batchBy(datanet, host.address)
    assert.ok(batch !== undefined)
    const table = page.getByRole('table', { name: 'Batches of held-out questions' })
    await table.getByRole('row').filter({ hasText: 'sealed' }).first().waitFor()
    await until(
      async () => (await batchBy(datanet, host.address))?.state === 'sealed',
      'validators accept them',
      120_000
    )
    await page.getByText('1 sealed, 0 open, 0 spent.').waitFor()
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)
    await page.context().close()
  })

  it('of a wallet are sealed in the browser to whom its chain names, and their node reads none', async () => {
    const key = randomBytes(32)
    const page = await openPage('client', { path: places.datanet(datanet), init: walletScript })
    const asked = await answerWallet(page, key)
    await drop(page, questions(9))
    await page.getByRole('button', { name: walletName }).click()
    await page.getByText('Its key stays in the wallet.').waitFor()
    await page.getByRole('button', { name: 'Seal and put 9 questions' }).click()
    assert.equal(await batchBy(datanet, addressOfKey(key)), undefined)
    await sealTo(page, world().network.daemon('validator-1').address)
    await page.getByText(`who sit as ${walletName} says`).waitFor()
    assert.ok(asked.includes('eth_call'), 'the wallet was asked who sits')
    const writer = addressOfKey(key)
    await until(async () => (await batchBy(datanet, writer))?.state === 'sealed', 'validators accept them', 120_000)
    const params = { id: datanet, batch: (await batchBy(datanet, writer))?.batch ?? '' }
    for (const name of judges)
      assert.equal((await api(name).call('batchQuestions', { params })).questions.length, 9, `${name} reads them`)
    await assert.rejects(api('client').call('batchQuestions', { params }), { code: 'batch.shut' })
    await page.context().close()
  })
})

describe('a daemon that lies about who reads what is sealed', function () {
  this.timeout(120_000)
  const thief = randomBytes(32)
  const liar = { account: addressOfKey(thief), key: toHex(sealingKey(thief)) }
  let daemon: Imitation
  afterEach(() => daemon.stop())

  async function openBy(answers: Parameters<typeof imitate>[0], path: string): Promise<Page> {
    daemon = await imitate(answers)
    const page = await openAt(await daemon.signIn(), daemon.url, { path, init: walletScript })
    await answerWallet(page, randomBytes(32))
    return page
  }

  it('has no questions sealed to its own accounts, and none of another roster', async () => {
    const datanet = await foundDatanet({})
    const honest = await api('host').call('datanet', { params: { id: datanet } })
    const seats = await api('host').call('questionSeats', { params: { id: datanet } })
    const view = { ...honest, validators: [{ address: liar.account, weight: 1 }] }
    let named: typeof seats = { ...seats, seats: [liar] }
    const page = await openBy(
      { datanet: async () => view, questionSeats: async () => named } as Parameters<typeof imitate>[0],
      places.datanet(datanet)
    )
    await drop(page, questions(8))
    await page.getByRole('button', { name: walletName }).click()
    const send = page.getByRole('button', { name: 'Seal and put 8 questions' })
    await send.click()
    await page.getByRole('button', { name: 'Seal nothing' }).click()
    await send.click()
    assert.ok(!daemon.calls.includes('questionSeats'), 'not asked before its owner has seen who sits')
    await sealTo(page, world().network.daemon('validator-1').address)
    await page.getByText('The daemon names others than the validators that sit').waitFor()
    named = { ...seats, roster: seats.roster + 1 }
    await send.click()
    await sealTo(page, world().network.daemon('validator-1').address)
    await page.getByText(`The daemon names roster ${seats.roster + 1}, and the chain roster ${seats.roster}`).waitFor()
    assert.ok(daemon.calls.includes('questionSeats') && !daemon.calls.includes('bringQuestions'))
    await page.context().close()
  })

  it('has no private rows sealed to an account that neither sits there nor hosts it', async () => {
    const datanet = await foundDatanet({ private: {} })
    const { readers } = await api('host').call('readers', { params: { id: datanet } })
    assert.ok(
      readers.every(({ key }) => key !== null),
      'the keys of all are known'
    )
    const page = await openBy(
      { readers: async () => ({ readers: [...readers, { ...liar, role: 'validator' as const }] }) },
      places.contribute(datanet)
    )
    await page.getByText('Drop a file of rows here').waitFor()
    await drop(page, questions(3))
    await page.getByRole('button', { name: walletName }).click()
    await page.getByRole('button', { name: /^Send 3 rows/ }).click()
    await sealTo(page, world().network.daemon('host').address)
    await page.getByText(`The daemon names ${liar.account} among those who read it`).waitFor()
    assert.ok(daemon.calls.includes('readers') && !daemon.calls.includes('prepareContribution'))
    await page.context().close()
  })
})
