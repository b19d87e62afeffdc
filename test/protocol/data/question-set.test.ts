import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addressOfKey, sealingKey } from '../../../protocol/crypto/index.ts'
import {
  HeldOut,
  batchFault,
  isSealedToAll,
  keyOfBatch,
  openBatch,
  ownKeyOf,
  printRow,
  questionSet,
  sealBatch,
  writersKey,
  writersOf
} from '../../../protocol/data/index.ts'
import type { OpenedBatch, Row, Standing } from '../../../protocol/data/index.ts'
import { fromHex, keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

const who = (n: number): Address => `0x${keccak(`who ${n}`).slice(2, 42)}`
const row = (prompt: string, answer = 'yes'): Row => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: answer }
  ]
})
const rowsOf = (name: string, count: number): Row[] =>
  Array.from({ length: count }, (_, i) => row(`What is ${name} number${i}?`))
const file = rowsOf('public', 30)
const counts = (batches: Parameters<typeof questionSet>[1], founder: readonly Row[] = file): number[] =>
  writersOf(questionSet(founder, batches)).map(({ questions }) => questions)

describe('data: which questions judge a version', () => {
  it('those of the founder where nobody else has written any', () => {
    assert.equal(questionSet(file, []), file)
    assert.equal(questionSet(file, [{ writer: who(1), rows: [] }]), file)
  })

  it('nobody has more than a third, the first ones of each, in turns, and the file fills up', () => {
    const batches = [
      { writer: who(1), rows: rowsOf('a', 20) },
      { writer: who(2), rows: rowsOf('b', 3) },
      { writer: who(3), rows: rowsOf('c', 4) },
      { writer: who(1), rows: rowsOf('d', 20) }
    ]
    assert.deepEqual(counts(batches), [30, 18, 4, 3])
    const set = questionSet(file, batches)
    assert.deepEqual(
      set.slice(0, 4).map(({ writer }) => writer),
      [who(1), who(2), who(3), who(1)],
      'they take turns'
    )
    assert.deepEqual(
      set.filter(({ writer }) => writer === who(1)).map(({ messages }) => messages[0]?.content),
      rowsOf('a', 18).map(({ messages }) => messages[0]?.content),
      'the first ones of each'
    )
    assert.deepEqual(counts([{ writer: who(1), rows: rowsOf('a', 40) }]), [30, 15])
  })

  it('three accounts with a question each replace no file, and a third writer shrinks no set', () => {
    const large = rowsOf('public', 200)
    const one = [1, 2, 3].map(n => ({ writer: who(n), rows: rowsOf(`thief${n}`, 1) }))
    assert.deepEqual(counts(one, large), [200, 1, 1, 1])
    const two = [1, 2].map(n => ({ writer: who(n), rows: rowsOf(`honest${n}`, 80) }))
    assert.deepEqual(counts(two, large), [96, 80, 80])
    assert.deepEqual(counts([...two, { writer: who(3), rows: rowsOf('c', 1) }], large), [95, 80, 80, 1])
    const many = Array.from({ length: 9 }, (_, n) => ({ writer: who(n), rows: rowsOf(`many${n}`, 85) }))
    assert.equal(counts(many, large)[0], 85, 'and however many write, a third is public')
  })

  it('what repeats an earlier one, or a public one, counts nowhere', () => {
    const batches = [
      { writer: who(1), rows: [...file.slice(0, 5), ...rowsOf('a', 2)] },
      { writer: who(2), rows: [...rowsOf('a', 2), ...rowsOf('b', 2)] }
    ]
    assert.deepEqual(counts(batches), [30, 2, 2])
  })

  it('a further batch never makes it smaller, and nobody has more than a third whatever was opened', () => {
    const batches = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 90 })), {
      maxLength: 12
    })
    fc.assert(
      fc.property(batches, fc.integer({ min: 1, max: 300 }), (written, founders) => {
        const founder = rowsOf('public', founders)
        const opened = written.map(([writer, count], i) => ({ writer: who(writer), rows: rowsOf(`batch${i}`, count) }))
        let before = Math.min(256, founders)
        for (let n = 1; n <= opened.length; n++) {
          const set = questionSet(founder, opened.slice(0, n))
          assert.ok(Math.min(256, set.length) >= before, 'no batch takes from it')
          before = Math.min(256, set.length)
        }
        const set = questionSet(founder, opened)
        const third = Math.floor(set.length / 3)
        for (const { writer, questions } of writersOf(set))
          if (writer === null) assert.ok(questions >= Math.min(third, founders))
          else assert.ok(questions <= third)
        if (opened.some(({ rows }) => rows.length > 0)) assert.ok(set.length <= 256)
        assert.deepEqual(questionSet(founder, opened), set, 'the same again')
      }),
      { numRuns: 8 }
    )
  })
})

describe('data: which questions judge a version, by who has written them', () => {
  const seats = [who(1), who(2), who(3)]
  const standing = (rows: readonly (readonly [number, number])[] = []): Standing => ({
    seated: new Set(seats),
    rows: new Map(rows.map(([n, count]) => [who(n), count]))
  })
  const set = (batches: readonly OpenedBatch[], by = standing(), founder: readonly Row[] = file) =>
    questionSet(founder, batches, by)
  const asked = (questions: ReturnType<typeof set>): unknown => questions.map(({ messages }) => messages[0]?.content)
  const of = (questions: ReturnType<typeof set>, ...names: number[]): number =>
    questions.filter(({ writer }) => writer !== undefined && names.map(who).includes(writer)).length

  it('fresh accounts share one third, in the order of acceptance, whatever their number', () => {
    const many = Array.from({ length: 9 }, (_, n) => ({ writer: who(20 + n), rows: rowsOf(`fresh${n}`, 20) }))
    const one = many.map(({ rows }) => ({ writer: who(20), rows }))
    assert.deepEqual(asked(set(many)), asked(set(one)))
    assert.deepEqual(writersOf(set(one)), [
      { writer: null, questions: 30 },
      { writer: who(20), questions: 15 }
    ])
    assert.equal(of(set(many), 20), 15, 'and of many who comes first is heard')
  })

  it('newcomers have what the seat that writes most leaves of a third, and come after all seats', () => {
    const fresh = { writer: who(20), rows: rowsOf('fresh', 90) }
    const seat = (n: number, count: number) => ({ writer: who(n), rows: rowsOf(`seat${n}`, count) })
    const large = rowsOf('public', 200)
    assert.deepEqual(
      [1, 20].map(n => of(set([fresh, seat(1, 90)], standing(), large), n)),
      [85, 0]
    )
    assert.deepEqual(
      [1, 20].map(n => of(set([fresh, seat(1, 25)], standing(), large), n)),
      [25, 60]
    )
    const full = [fresh, seat(1, 84), seat(2, 84), seat(3, 84)]
    assert.deepEqual(
      [1, 2, 3, 20].map(n => of(set(full, standing(), large), n)),
      [57, 57, 57, 0]
    )
  })

  it('a contributor writes one for each row that it has in the version, and beyond that as newcomers do', () => {
    const batches = [
      { writer: who(10), rows: rowsOf('ten', 8) },
      { writer: who(20), rows: rowsOf('fresh', 8) }
    ]
    assert.deepEqual(asked(set(batches, standing([[10, 3]]))), [
      ...rowsOf('ten', 3).map(({ messages }) => messages[0]?.content),
      ...rowsOf('ten', 8)
        .slice(3)
        .map(({ messages }) => messages[0]?.content),
      ...rowsOf('fresh', 8)
        .slice(0, 7)
        .map(({ messages }) => messages[0]?.content),
      ...file.map(({ messages }) => messages[0]?.content)
    ])
  })

  it('versions of rules that say nothing of it are judged as they were', () => {
    const three = [20, 21, 22].map(n => ({ writer: who(n), rows: rowsOf(`thief${n}`, 30) }))
    assert.deepEqual(counts(three), [30, 30, 30, 30])
    assert.equal(of(set(three), 20, 21, 22), 15)
  })

  const world = fc.record({
    founders: fc.integer({ min: 1, max: 120 }),
    // 1 to 3 sit, 4 to 6 have rows, others are fresh.
    written: fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 90 })), { maxLength: 8 }),
    rows: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 3, maxLength: 3 })
  })
  const worldOf = ({ founders, written, rows }: { founders: number; written: [number, number][]; rows: number[] }) => ({
    founder: rowsOf('public', founders),
    opened: written.map(([writer, count], i) => ({
      writer,
      batch: { writer: who(writer), rows: rowsOf(`b${i}`, count) }
    })),
    by: standing(rows.map((count, i) => [4 + i, count]))
  })

  it('nobody has more of a set by fresh accounts than by its own name, and never more than a third', () => {
    fc.assert(
      fc.property(
        world,
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.tuple(fc.integer({ min: 100, max: 120 }), fc.nat(90)), { minLength: 8, maxLength: 8 }),
        (drawn, thief, splits) => {
          const { founder, opened, by } = worldOf(drawn)
          const alone = set(
            opened.map(({ batch }) => batch),
            by,
            founder
          )
          // Of each of its batches the last ones go under a fresh name.
          const split = opened.flatMap(({ writer, batch }, i) => {
            const [fresh = 100, kept = 0] = splits[i] ?? []
            if (writer !== thief) return batch
            const rest = { writer: who(fresh), rows: batch.rows.slice(kept) }
            return [{ ...batch, rows: batch.rows.slice(0, kept) }, rest].filter(({ rows }) => rows.length > 0)
          })
          const names = [thief, ...splits.map(([fresh]) => fresh)]
          const after = set(split, by, founder)
          const [was, is] = [of(alone, thief), of(after, ...names)]
          assert.ok(is <= Math.floor(after.length / 3), `${is} of ${after.length} are its own`)
          assert.ok(is <= was, `${is} instead of ${was}`)
          // Its part of all grows by nothing but what it pushes out of other newcomers', which any fresh account can.
          const others = (questions: typeof alone): number => questions.length - of(questions, ...names, 1, 2, 3)
          if (is * alone.length > was * after.length) assert.ok(others(after) < others(alone), 'others had a place')
          if (thief > 6) assert.deepEqual(asked(after), asked(alone), 'between newcomers names make no difference')
        }
      ),
      { numRuns: 60 }
    )
  })

  it('rows that are spread over accounts give no more than a third, or than they are', () => {
    const large = rowsOf('public', 200)
    const names = Array.from({ length: 9 }, (_, i) => 10 + i)
    const spread = names.map(n => ({ writer: who(n), rows: rowsOf(`spread${n}`, n === 18 ? 90 : 10) }))
    const by = standing(names.slice(0, 8).map(n => [n, 10]))
    assert.deepEqual(
      names.map(n => of(set(spread, by, large), n)),
      [...Array.from({ length: 8 }, () => 10), 5]
    )
    const accounts = fc.array(fc.tuple(fc.integer({ min: 10, max: 25 }), fc.nat(40), fc.nat(60)), { maxLength: 12 })
    fc.assert(
      fc.property(world, accounts, (drawn, thieves) => {
        const { founder, opened, by: others } = worldOf(drawn)
        const rows = new Map(others.rows)
        for (const [n, count] of thieves) rows.set(who(n), count)
        const own = [...new Set(thieves.map(([n]) => n))]
        const total = own.reduce((sum, n) => sum + (rows.get(who(n)) ?? 0), 0)
        const batches = thieves.map(([n, , count], i) => ({ writer: who(n), rows: rowsOf(`thief${i}`, count) }))
        const found = set([...opened.map(({ batch }) => batch), ...batches], { ...others, rows }, founder)
        const most = Math.max(Math.floor(found.length / 3), total)
        assert.ok(of(found, ...own) <= most, `${of(found, ...own)} of ${found.length} are its own, for ${total} rows`)
      }),
      { numRuns: 30 }
    )
  })

  it('a further batch never makes it smaller, and its file keeps a third of it', () => {
    fc.assert(
      fc.property(world, drawn => {
        const { founder, opened, by } = worldOf(drawn)
        let before = Math.min(256, founder.length)
        for (let n = 1; n <= opened.length; n++) {
          const now = set(
            opened.slice(0, n).map(({ batch }) => batch),
            by,
            founder
          )
          assert.ok(now.length >= before && now.length <= 256)
          const own = now.filter(({ writer }) => writer === undefined).length
          assert.ok(own >= Math.min(Math.floor(now.length / 3), founder.length))
          assert.equal(new Set(now.map(one => JSON.stringify(one.messages))).size, now.length, 'each once')
          before = now.length
        }
      }),
      { numRuns: 15 }
    )
  })
})

describe('data: a sealed batch of questions', () => {
  const keys = [1, 2, 3].map(n => fromHex(keccak(`key ${n}`)))
  const seats = keys.map(key => ({ address: addressOfKey(key), sealingKey: sealingKey(key) }))
  const of = { datanet: keccak('datanet'), writer: who(1) }
  const secret = fromHex(keccak('secret'))
  const held = Array.from({ length: 8 }, (_, i) => row(`What is held ${i}?`, 'Out'))
  const lines = Array.from({ length: 8 }, (_, i) => JSON.stringify({ prompt: `What is held ${i}?`, response: 'Out' }))
  const bytes = new TextEncoder().encode(lines.join('\n'))
  const made = { ...of, ...sealBatch(of, bytes, { key: secret, nonce: new Uint8Array(24), validators: seats }) }

  it('opens for each seat, with its own key and in its own seat alone', () => {
    for (const [seat, key] of keys.entries()) {
      const found = keyOfBatch(made, seat, key)
      assert.deepEqual(openBatch(made, found), held)
      assert.ok(isSealedToAll(made, found, seats))
      assert.throws(() => keyOfBatch(made, (seat + 1) % 3, key), { code: 'envelope.invalid' })
    }
    assert.throws(() => keyOfBatch(made, 9, keys[0]!), { code: 'envelope.invalid' })
  })

  it('opens for its writer, who keeps nothing for it', () => {
    const nonce = fromHex(keccak('nonce')).subarray(0, 24)
    const key = writersKey(keys[2]!, of.datanet, nonce)
    const own = { ...of, ...sealBatch(of, bytes, { key, nonce, validators: seats.slice(0, 2) }) }
    assert.deepEqual(openBatch(own, ownKeyOf(own, keys[2]!)!), held)
    assert.equal(ownKeyOf(own, keys[1]!), undefined)
    assert.equal(ownKeyOf(made, keys[2]!), undefined)
  })

  it('opens for nobody under the name of a thief, or in another Datanet', () => {
    for (const other of [{ writer: who(2) }, { datanet: zeroHash }]) {
      assert.throws(() => keyOfBatch({ ...made, ...other }, 0, keys[0]!), { code: 'envelope.invalid' })
      assert.throws(() => openBatch({ ...made, ...other }, keyOfBatch(made, 0, keys[0]!)), { code: 'envelope.invalid' })
    }
    assert.throws(() => openBatch(made, zeroHash), { code: 'batch.opens' })
  })

  it('whoever can open it sees that another cannot', () => {
    const left = sealBatch(of, bytes, { key: secret, nonce: new Uint8Array(24), validators: [seats[0]!, seats[1]!] })
    const cheat = { ...made, keys: `${left.keys}${'00'.repeat(81)}` as const }
    const key = keyOfBatch(cheat, 0, keys[0]!)
    assert.equal(isSealedToAll(cheat, key, seats), false)
    assert.ok(isSealedToAll(cheat, key, [seats[0], seats[1], undefined]), 'as far as keys are known')
  })

  it('is refused for what it asks twice, what rows answer, and what others ask', () => {
    const good = {
      rows: rowsOf('a', 8),
      rules: {},
      sealedToAll: true,
      others: new HeldOut(file),
      answered: new Set<number>()
    }
    assert.equal(batchFault(good), undefined)
    assert.deepEqual(batchFault({ ...good, sealedToAll: false }), { fault: 'unsealed' })
    assert.deepEqual(batchFault({ ...good, rows: [...good.rows, good.rows[1]!] }), {
      fault: 'repeats-itself',
      question: 9
    })
    assert.deepEqual(batchFault({ ...good, rows: rowsOf('a', 7) }), { fault: 'too-few' })
    assert.deepEqual(batchFault({ ...good, answered: new Set([2]) }), { fault: 'answered', question: 3 })
    assert.equal(batchFault({ ...good, rows: [...good.rows, ...file.slice(0, 8)] }), undefined, 'half is new')
    assert.deepEqual(batchFault({ ...good, rows: [...good.rows, ...file.slice(0, 9)] }), { fault: 'repeats-others' })
  })

  it('a row that asks a sealed question leaks one, and not which', () => {
    const both = new HeldOut(file.slice(0, 2), rowsOf('a', 3))
    const leaks = ({ messages }: Row): unknown => both.leaks(printRow({ messages }))
    assert.equal(leaks(file[1]!), 1)
    assert.equal(leaks(rowsOf('a', 3)[2]!), 'hidden')
    assert.equal(leaks(row('What else?')), undefined)
    const founders = new HeldOut(file.slice(0, 2))
    const beside = founders.beside(rowsOf('a', 3))
    for (const one of [...file, ...rowsOf('a', 4), row('What else?')])
      assert.equal(beside.leaks(printRow(one)), leaks(one))
    assert.equal(founders.leaks(printRow(rowsOf('a', 3)[2]!)), undefined)
  })

  it('is bounded', () => {
    const line = (i: number): string => JSON.stringify({ prompt: `${i} ${'word '.repeat(20)}`, response: 'y' })
    const long = new TextEncoder().encode(Array.from({ length: 200 }, (_, i) => line(i)).join('\n'))
    const parts = { key: secret, nonce: new Uint8Array(24), validators: seats }
    assert.throws(() => sealBatch(of, long, parts), { code: 'batch.size' })
    const few = new TextEncoder().encode(lines.slice(1).join('\n'))
    assert.throws(() => sealBatch(of, few, parts), { code: 'batch.size' })
    assert.throws(() => sealBatch(of, new Uint8Array(), parts), { code: 'held-out.invalid' })
  })
})
