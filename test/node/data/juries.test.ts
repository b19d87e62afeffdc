import assert from 'node:assert/strict'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import { putDownBy } from '../../../node/account/put-down.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const minStake = 100n * coin
const soon = { timing: { juryMs: 300 } }

describe('data: a decision that is challenged', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let liar: TestPeer
  let author: TestPeer
  const jurors: TestPeer[] = []
  let datanet: Hex
  let wronged: Hex

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    // It votes by hand, and as it likes.
    liar = await network.start(await network.account('liar', minStake), { autoVote: false })
    author = await network.start(await network.account('author', 0n, 50n * coin), soon)
    datanet = (
      await host.service.createDatanet(
        rulesFor([liar.address]),
        new TextEncoder().encode(jsonl([['What is held?', 'Out']]))
      )
    ).id
    for (const peer of [liar, author])
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
    await author.service.follow(datanet)
  })
  after(() => network.stop())

  const statusAt = async (peer: TestPeer, id: Hex): Promise<string | undefined> =>
    (await listOf(peer, datanet)).find(one => one.id === id)?.status

  it('is refused before any money moves while too few could sit', async () => {
    const made = await author.service.contribute({
      datanet,
      file: new TextEncoder().encode(jsonl([['Which bird sings at night?', 'The nightingale']]))
    })
    wronged = made.id
    await until(async () => (await statusAt(author, wronged)) === 'voting', 'it is known here')
    await assert.rejects(author.service.challenge(wronged, 'too early'), { code: 'challenge.not-decided' })
    await until(async () => (await liar.service.review()).items.some(one => one.advice === true), 'it is voted on')
    await liar.service.vote(wronged, false)
    for (const peer of [host, author])
      await until(async () => (await statusAt(peer, wronged)) === 'rejected', `${peer.name} knows the rejection`)
    const before = await author.chain.tokens.balanceOf(author.address)
    await assert.rejects(author.service.challenge(wronged, 'these rows are good'), { code: 'challenge.no-jurors' })
    assert.equal(await author.chain.tokens.balanceOf(author.address), before)
    assert.match((await author.service.challengeOf(wronged)).why ?? '', /it takes 3 jurors, and nobody could sit/)
  })

  it('is overturned by a jury that was drawn, for everybody and for good, and the deposit comes back', async () => {
    for (const name of ['juror 1', 'juror 2', 'juror 3']) {
      const juror = await network.start(await network.account(name, minStake), soon)
      await juror.service.serve(true)
      jurors.push(juror)
    }
    assert.equal((await jurors[0]!.service.jury()).seats, 3)
    const before = await author.chain.tokens.balanceOf(author.address)
    const challenge = await author.service.challenge(wronged, 'these rows are good')
    assert.deepEqual([challenge.accepted, challenge.size, challenge.candidates], [false, 3, 3])
    await assert.rejects(author.service.challenge(wronged, 'again'), { code: 'challenge.known' })
    assert.equal(await putDownBy(author.followed.ledger, author.address), challenge.deposit)
    assert.equal(await putDownBy(host.followed.ledger, host.address), 0n)
    await until(
      async () => (await author.service.challengeOf(wronged)).challenge?.state === 'closed',
      'the jury has decided',
      90_000
    )
    const closed = (await author.service.challengeOf(wronged)).challenge
    assert.deepEqual(
      [closed?.decided, closed?.overturned, closed?.jurors.map(({ accept }) => accept)],
      ['accepted', true, [true, true, true]]
    )
    assert.equal(await author.chain.tokens.balanceOf(author.address), before)
    assert.equal(await putDownBy(author.followed.ledger, author.address), 0n)
    for (const peer of [host, liar, author])
      await until(async () => (await statusAt(peer, wronged)) === 'accepted', `${peer.name} knows the jury's word`)
  })

  it('stands in the next version, which anybody can check', async () => {
    // Its one validator seals by hand of nobody: it finds the same.
    const { count } = await host.service.anchorVersion(datanet)
    assert.equal(count, 1)
    await until(async () => (await author.service.datanet(datanet))?.latestVersion === 1, 'the version is known')
    const [entry] = (await author.service.manifest(datanet, 1)).entries
    assert.deepEqual(
      entry?.certificate.votes.map(({ message }) => message.validator).toSorted(),
      jurors.map(({ address }) => address).toSorted()
    )
    // Whoever comes later finds the same from the chain and from any peer, though no roster ever accepted it.
    const late = await network.add('late')
    await until(async () => (await late.service.datanet(datanet)) !== undefined, 'the late one hears of it')
    await late.service.follow(datanet)
    await until(async () => (await statusAt(late, wronged)) === 'accepted', 'the late one comes to the same')
    assert.equal((await late.service.manifest(datanet, 1)).entries.length, 1)
  })

  it('that accepted what repeats others leaves again, and waits for no version meanwhile', async () => {
    const { id: copied } = await author.service.contribute({
      datanet,
      file: new TextEncoder().encode(jsonl([['Which bird sings at night?', 'The nightingale']])),
      contributorKey: fromHex(keccak('a thief'))
    })
    await until(async () => (await liar.service.review()).items.some(({ id }) => id === copied), 'it is voted on')
    await until(async () => (await liar.service.reviewOf(copied)).advice === false, 'it is checked')
    await liar.service.vote(copied, true)
    for (const peer of [host, author])
      await until(async () => (await statusAt(peer, copied)) === 'accepted', `${peer.name} knows the acceptance`)
    await author.service.challenge(copied, 'it repeats mine')
    await until(async () => (await statusAt(host, copied)) === 'rejected', 'the jury has refused it', 90_000)
    await assert.rejects(host.service.anchorVersion(datanet), { code: 'version.unchanged' })
    for await (const { judged, validators } of author.service.decisions(datanet)) {
      assert.equal(judged, true)
      assert.equal(validators.length, 4, 'jurors stand among them for being there')
    }
    // Who was asked has to do with it no more.
    for (const { service } of jurors)
      await until(() => service.followed().every(({ id }) => id !== datanet), 'a juror leaves')
  })

  it('costs a juror that is absent a part of its stake and its seat, and everybody is told why', async () => {
    const made = await author.service.contribute({
      datanet,
      file: new TextEncoder().encode(jsonl([['Which bird drums on trunks?', 'The woodpecker']]))
    })
    await until(async () => (await liar.service.review()).items.some(({ id }) => id === made.id), 'it is voted on')
    await until(async () => (await liar.service.reviewOf(made.id)).advice === true, 'it is checked')
    await liar.service.vote(made.id, false)
    await until(async () => (await statusAt(author, made.id)) === 'rejected', 'it is refused')
    const away = jurors.pop()!
    await network.stopPeer(away)
    const view = async () => (await author.service.challengeOf(made.id)).challenge
    await author.service.challenge(made.id, 'it is right')
    const count = async (step: string) => (await view())?.jurors.filter(one => one.step === step).length
    await until(async () => (await count('committed')) === 2, 'the others commit', 60_000)
    await network.advance(91)
    await until(async () => (await count('shown')) === 2, 'the others show', 60_000)
    await network.advance(91)
    await until(async () => (await view())?.state === 'closed', 'it is closed', 60_000)
    assert.deepEqual([(await view())?.decided, (await view())?.overturned], ['nothing', false])
    const taken = async () => (await author.followed.ledger.slashes({ node: away.address })).items
    await until(async () => (await taken()).length === 1, 'somebody says so', 60_000)
    const [slash] = await taken()
    assert.deepEqual([slash?.because, slash?.contribution, slash?.amount], ['absent-juror', made.id, minStake / 10n])
    assert.equal((await jurors[0]!.service.jury()).seats, 2)
  })

  it('is too late thirty days after the chain took it, whenever a node has heard of it', async () => {
    const { id } = await author.service.contribute({
      datanet,
      file: new TextEncoder().encode(jsonl([['Which bird swims under water?', 'The diver']])),
      contributorKey: fromHex(keccak('somebody else'))
    })
    await until(async () => (await liar.service.review()).items.some(one => one.id === id), 'it is voted on')
    await until(async () => (await liar.service.reviewOf(id)).advice === true, 'it is checked')
    await liar.service.vote(id, false)
    await until(async () => (await statusAt(author, id)) === 'rejected', 'it is refused')
    assert.notEqual((await author.service.challengeOf(id)).why, 'it is too late')
    await network.advance(31 * 86_400)
    const later = await network.add('later')
    await until(async () => (await later.service.datanet(datanet)) !== undefined, 'the later one hears of it')
    await later.service.follow(datanet)
    await until(async () => (await statusAt(later, id)) === 'rejected', 'the later one knows the rejection', 60_000)
    for (const { name, service } of [author, later]) {
      assert.equal((await service.challengeOf(id)).why, 'it is too late', name)
      await assert.rejects(service.challenge(id, 'it is right'), { code: 'challenge.late' })
    }
    const ends = (await author.service.challengeOf(id)).until
    assert.equal((await later.service.challengeOf(id)).until, ends, 'everybody is told the same end')
  })
})
