import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { addressOfKey } from '../../protocol/crypto/index.ts'
import type { DatanetRules } from '../../protocol/data/index.ts'
import { coin, until } from '../harness/index.ts'
import { assertAccessible, assertNoSidewaysScroll, goTo, openPage, world } from './harness/index.ts'
import type { PageOptions } from './harness/index.ts'
import { answerWallet, walletName, walletScript } from './harness/wallet.ts'

const row = (prompt: string, response: string): string => JSON.stringify({ prompt, response })
let made = Date.now() % 100_000
/** Rows that nobody gave before. */
const fresh = (count: number): string[] =>
  Array.from({ length: count }, () =>
    row(`Which stone lies in drawer ${'abcdefghij'[made % 10]}${made++}?`, `stone ${made}`)
  )

/** A row that is there before the first test, and that others repeat. */
const known = row('Which stone lies under the stairs?', 'The grey one')

const drop = (page: Page, rows: readonly string[], name = 'rows.jsonl'): Promise<void> =>
  page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name, mimeType: 'application/jsonl', buffer: Buffer.from(rows.join('\n')) })

const api = (name: string) => world().network.daemon(name).api
const judges = ['host', 'validator-1', 'validator-2']
const question = row('How old is the moon?', 'Very')

/** A Datanet of these tests alone: whatever was contributed to others before, each account has its whole allowance. */
async function foundDatanet(changes: Partial<DatanetRules> = {}): Promise<{ id: string; name: string }> {
  const addresses = await Promise.all(judges.map(async name => (await api(name).call('status')).address))
  const { id, name } = await api('host').call('createDatanet', {
    body: {
      rules: {
        name: `stones ${Date.now()}`,
        description: 'What lies in which drawer',
        licence: 'CC0-1.0',
        maxRows: 1000,
        maxBytes: 8 << 20,
        uploadsPerContributor: 9,
        nearDuplicate: 500,
        minOwnShare: 500,
        validators: addresses.map(address => ({ address: address as `0x${string}`, weight: 1 })),
        revealSeconds: 60,
        voteSeconds: 120,
        ...changes
      },
      heldOut: question
    }
  })
  for (const who of ['client', 'worker-1', 'worker-2'])
    await until(
      () =>
        api(who)
          .call('followDatanet', { params: { id }, body: { follow: true } })
          .then(({ roles }) => roles.length > 0)
          .catch(() => false),
      `${who} follows it`,
      60_000
    )
  return { id, name }
}

/** A page that waits as long as votes may take on a machine with much else to do. */
async function open(member: string, options: PageOptions): Promise<Page> {
  const page = await openPage(member, options)
  page.setDefaultTimeout(150_000)
  return page
}

/** Sends what is ready, and follows it on its page without a reload. */
async function sendAndFollow(page: Page): Promise<string> {
  await page.getByRole('button', { name: /^(Send|Lock) / }).click()
  await page.waitForURL(/\/contributions\/0x/)
  await page.getByRole('heading', { level: 1, name: /went into/ }).waitFor()
  return decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '')
}

describe('the console: Datanets', function () {
  this.timeout(300_000)
  let net: string
  let called: string
  before(async () => {
    // Whatever a run before this one has left behind.
    for (const name of judges) await api(name).call('setVotePolicy', { body: { policy: 'auto' } })
    ;({ id: net, name: called } = await foundDatanet())
    // What others repeat: each test stands on this alone, whichever of them run.
    const { id } = await api('host').call('contribute', {
      params: { id: net },
      body: { file: [known, ...fresh(5)].join('\n') }
    })
    for (const name of ['host', 'client', 'worker-1', 'worker-2'])
      await until(
        () =>
          api(name)
            .call('contribution', { params: { id } })
            .then(({ status }) => status === 'accepted')
            .catch(() => false),
        `${name} knows what was accepted`,
        150_000
      )
  })

  it('are listed and found; one tells its rules, its rows, who is paid and how', async () => {
    const page = await open('client', { path: '/datanets' })
    await page.getByRole('searchbox').fill('ELEMENT')
    await page.getByRole('link', { name: 'elements', exact: true }).click()
    await page.getByText('must be good ones; else all of the file is refused').waitFor()
    await page.getByRole('tab', { name: 'Rows' }).click()
    await page.getByText('What is the symbol of hydrogen?').first().waitFor()
    await page.getByRole('searchbox').fill('hydrogen')
    await page.getByText('Rows that were found').or(page.getByLabel('Rows that were found')).first().waitFor()
    await assertAccessible(page)
    await page.getByRole('tab', { name: 'Who gave it' }).click()
    await page.getByText('of each answer’s money').waitFor()
    await assertNoSidewaysScroll(page)
    await page.getByRole('tab', { name: 'Contributions' }).click()
    await page.getByRole('table', { name: 'Contributions' }).waitFor()
    await page.context().close()
  })

  it('take a good file, checked in the browser, followed to its end without a reload', async () => {
    const page = await open('client', { path: `/datanets/${net}/contribute` })
    await page.getByText(/contributions are left to this account/).waitFor()
    await drop(page, fresh(6))
    await page.getByText(`Compared with every row that ${called} holds now.`).waitFor()
    await page.getByText('6 of 6 rows would be taken.').waitFor()
    const id = await sendAndFollow(page)
    const { status, own } = await api('client').call('contribution', { params: { id } })
    assert.deepEqual([status, own], ['accepted', 6])
    await page.context().close()
  })

  it('show what is wrong with a messy and hostile file on its rows, as text, and take what is left of it', async () => {
    const page = await open('worker-1', { path: `/datanets/${net}/contribute` })
    let dialogs = 0
    page.on('dialog', dialog => {
      dialogs++
      void dialog.dismiss()
    })
    const good = fresh(3)
    await drop(page, [
      known,
      ...good,
      good[0] ?? '',
      'no row at all',
      row('<script>alert(1)</script><img src=x onerror=alert(2)> ما هو رمز الذهب؟', '\u202eAu'),
      row(`Z${'\u0351\u036b'.repeat(200)}algo`, 'combining'),
      row('x'.repeat(10 << 20), 'ten megabytes')
    ])
    await page.getByText('longer than any row may be').waitFor()
    await page.getByText('<script>alert(1)</script>').waitFor()
    await page.getByRole('button', { name: 'Leave it out' }).last().click()
    await page.getByText('an accepted contribution').waitFor()
    for (const problem of ['repeats an earlier row exactly', 'the line is no JSON'])
      await page.getByText(problem).first().waitFor()
    assert.equal(await page.locator('main script, main img').count(), 0)
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)

    await page.getByRole('button', { name: 'Mend line 6' }).click()
    await page
      .getByRole('dialog')
      .getByLabel('The line')
      .fill(fresh(1)[0] ?? '')
    await page.getByRole('button', { name: 'Check it again' }).click()
    await page.getByText('2 lines mended or left out here').waitFor()
    await page.getByRole('button', { name: 'Leave out what brings nothing: 2 rows' }).click()
    await page.getByText(/6 of 6 rows would be taken/).waitFor()
    await page.getByText(`Compared with every row that ${called} holds now.`).waitFor()
    await sendAndFollow(page)
    assert.equal(dialogs, 0)
    await page.context().close()
  })

  it('tell why a file was refused, with the earlier row beside each, and take it up again', async () => {
    const accepted = await api('worker-2').call('acceptedRows', { params: { id: net, limit: 3 } })
    const file = accepted.items.map(({ messages }) => JSON.stringify({ messages })).join('\n')
    const { id } = await api('worker-2').call('contribute', { params: { id: net }, body: { file } })
    const page = await open('worker-2', { path: `/contributions/${id}` })
    await page.getByRole('heading', { level: 1, name: `${called} did not take this contribution` }).waitFor()
    await page.getByText('3 rows brought nothing').waitFor()
    await page.getByText('an earlier contribution').first().waitFor()
    await page.getByRole('link', { name: 'Mend the refused rows and send again' }).click()
    await page.getByText('0 of 3 rows would be taken').waitFor()
    await page.context().close()
  })

  it('are reviewed by keyboard: rows beside the nearest, a vote with its reason, undone and cast again', async () => {
    const validator = api('validator-1')
    await validator.call('setVotePolicy', { body: { policy: 'manual' } })
    const page = await open('validator-1', { path: '/review' })
    const { id } = await api('host').call('contribute', {
      params: { id: net },
      body: { file: [known, ...fresh(3)].join('\n') }
    })
    await page.getByText('Row 1 of 4').waitFor()
    await page.getByText('It is a repeat of this one.').waitFor()
    await page.keyboard.press('j')
    await page.getByText('Row 2 of 4').waitFor()
    await page.keyboard.press('k')
    await page.getByText('Row 1 of 4').waitFor()
    await assertAccessible(page)
    await page.getByText('The checks here say accept').waitFor()
    const vote = async (key: string, reason: string): Promise<void> => {
      await page.keyboard.press(key)
      await page.getByRole('textbox').last().waitFor()
      await page.keyboard.type(reason)
      await page.keyboard.press('Enter')
      await page.getByText('You voted').waitFor()
    }
    await vote('r', 'a slip')
    assert.equal((await validator.call('reviewOf', { params: { id } })).vote, false)
    await page.keyboard.press('u')
    await page.getByText('The checks here say accept').waitFor()
    assert.equal((await validator.call('reviewOf', { params: { id } })).vote, null)
    await vote('a', 'stones are fine')
    // Sure of it: nobody has to wait until the time to undo it is over.
    await page.getByRole('button', { name: 'Tell it now' }).click()
    await until(
      async () => (await validator.call('contribution', { params: { id } })).status === 'accepted',
      'accepted',
      150_000
    )
    const { vote: cast, voteReason } = await validator.call('reviewOf', { params: { id } })
    assert.deepEqual([cast, voteReason], [true, 'stones are fine'])
    await page.getByText('Nothing waits for a vote').waitFor()
    await validator.call('setVotePolicy', { body: { policy: 'auto' } })
    await page.context().close()
  })

  it('let a contributor take back what is not decided, once they have heard what that can still do', async () => {
    const voting = async (policy: 'auto' | 'manual'): Promise<void> => {
      for (const name of judges) await api(name).call('setVotePolicy', { body: { policy } })
    }
    await voting('manual')
    const { id } = await api('client').call('contribute', {
      params: { id: net },
      body: { file: fresh(3).join('\n') }
    })
    // Whoever has the rows can vote on them later: nothing of this stands in the way of what comes next.
    for (const name of judges)
      await until(
        async () =>
          (
            (
              await api(name)
                .call('contribution', { params: { id } })
                .catch(() => undefined)
            )?.checks ?? []
          ).length > 0,
        `${name} has checked it`,
        150_000
      )
    const other = await open('worker-1', { path: `/contributions/${id}` })
    await other.getByRole('heading', { level: 1, name: `Validators vote on 3 rows for ${called}` }).waitFor()
    assert.equal(await other.getByRole('button', { name: 'Take it back' }).count(), 0)
    await other.context().close()

    const page = await open('client', { path: `/contributions/${id}` })
    await page.getByRole('button', { name: 'Take it back' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('may still vote').waitFor()
    await dialog.getByRole('button', { name: 'Take it back for good' }).click()
    await page.getByRole('heading', { level: 1, name: `A contribution to ${called} was taken back` }).waitFor()
    await page.getByText('this node gives them to nobody else').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Take it back' }).count(), 0)
    await assertAccessible(page)
    await voting('auto')
    await page.getByRole('heading', { level: 1, name: /went into|was taken back/ }).waitFor()
    await until(
      async () =>
        !['revealed', 'voting'].includes((await api('client').call('contribution', { params: { id } })).status),
      'it is decided',
      240_000
    )
    await page.context().close()
  })

  it("take a contribution that a browser's wallet signed for an account no daemon holds", async () => {
    const key = randomBytes(32)
    const page = await open('client', { path: `/datanets/${net}/contribute`, init: walletScript })
    const asked = await answerWallet(page, key)
    await drop(page, fresh(4))
    await page.getByRole('button', { name: walletName }).click()
    await page.getByText('Its key stays in the wallet.').waitFor()
    await page.getByText('4 of 4 rows would be taken.').waitFor()
    await page.getByText(`Compared with every row that ${called} holds now.`).waitFor()
    const id = await sendAndFollow(page)
    assert.equal(asked.filter(method => method === 'eth_signTypedData_v4').length, 2)
    assert.equal((await api('client').call('contribution', { params: { id } })).contributor, addressOfKey(key))
    await page.context().close()
  })

  it('lock the bond that the Datanet asks for, once it was shown, by one more signature of the wallet', async () => {
    const bonded = await foundDatanet({ bond: { amount: String(coin), seconds: 60 } })
    const key = randomBytes(32)
    await api('host').call('send', { body: { to: addressOfKey(key), amount: String(coin) } })
    const page = await open('client', { path: `/datanets/${bonded.id}/contribute`, init: walletScript })
    const asked = await answerWallet(page, key)
    await drop(page, fresh(3))
    await page.getByRole('button', { name: walletName }).click()
    await page.getByText('3 of 3 rows would be taken.').waitFor()
    await page.getByText('Sending locks 1 tokens for').waitFor()
    await page.getByText(`Compared with every row that ${bonded.name} holds now.`).waitFor()
    const id = await sendAndFollow(page)
    assert.equal(asked.filter(method => method === 'eth_signTypedData_v4').length, 3)
    await page.getByText('1 tokens, back').waitFor()
    const { amount, state, contributor } = await api('client').call('bond', { params: { id } })
    assert.deepEqual([amount, state, contributor], [String(coin), 'open', addressOfKey(key)])
    await page.context().close()
  })

  it('are founded in a form that says what each rule would do to an example', async () => {
    const page = await open('host', { path: '/datanets/new' })
    const files = page.locator('input[type=file]')
    const file = (name: string, rows: readonly string[]) => ({
      name,
      mimeType: 'application/jsonl',
      buffer: Buffer.from(rows.join('\n'))
    })
    await files.nth(0).setInputFiles(file('questions.jsonl', [question]))
    await files.nth(1).setInputFiles(file('example.jsonl', [question, ...fresh(1)]))
    await page.getByText('1 of its 2 rows that repeat none are good').waitFor()
    await page.getByRole('button', { name: 'Create it' }).click()
    await page.getByText('Missing or wrong above: 1 thing.').waitFor()
    const name = `moons <i>and</i> stones ${Date.now()}`
    await page.getByLabel('Name').fill(name)
    await page.getByLabel('Tags').fill('sky, stones')
    await page.getByRole('button', { name: 'Create it' }).click()
    await page.getByRole('heading', { level: 1, name: `${name} waits for its first rows` }).waitFor()
    await goTo(page, '/datanets?tag=sky')
    await page.getByRole('link', { name }).waitFor()
    await page.context().close()
  })
})
